// flux-read does with an OCI artifact what Flux does, by its own packages: it fetches the layer that source-controller
// would, unpacks it, and lets kustomize-controller's generator, build and substitution loose on it. It prints the
// manifest's annotations as one line of JSON, and then the objects.
//
// Usage: flux-read HOST/NAME:TAG FOLDER [NAME=VALUE]...
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/fluxcd/pkg/kustomize"
	"github.com/fluxcd/pkg/tar"
	"github.com/google/go-containerregistry/pkg/crane"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// As in fluxcd/pkg/oci, oci.go; that package itself brings the clients of three clouds.
const (
	configType  = "application/vnd.cncf.flux.config.v1+json"
	contentType = "application/vnd.cncf.flux.content.v1.tar+gzip"
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(reference, folder string, variables []string) error {
	image, err := crane.Pull(reference, crane.Insecure)
	if err != nil {
		return err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return err
	}
	if manifest.Config.MediaType != configType {
		return fmt.Errorf("the config is %s", manifest.Config.MediaType)
	}
	if _, err := image.ConfigFile(); err != nil {
		return err
	}
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		return fmt.Errorf("%d layers: %w", len(layers), err)
	}
	if kind, err := layers[0].MediaType(); err != nil || kind != contentType {
		return fmt.Errorf("the layer is %s: %w", kind, err)
	}
	blob, err := layers[0].Compressed()
	if err != nil {
		return err
	}
	defer blob.Close()
	if err := tar.Untar(blob, folder); err != nil {
		return err
	}
	annotations, err := json.Marshal(manifest.Annotations)
	if err != nil {
		return err
	}
	fmt.Println(string(annotations))
	return build(folder, variables)
}

// build prints what a Kustomization with these variables under postBuild.substitute applies.
func build(folder string, variables []string) error {
	substitute := map[string]interface{}{}
	for _, each := range variables {
		name, value, _ := strings.Cut(each, "=")
		substitute[name] = value
	}
	kustomization := unstructured.Unstructured{Object: map[string]interface{}{
		"apiVersion": "kustomize.toolkit.fluxcd.io/v1",
		"kind":       "Kustomization",
		"metadata":   map[string]interface{}{"name": "models", "namespace": "flux-system"},
		"spec": map[string]interface{}{
			"path":            "./",
			"targetNamespace": "scoring",
			"postBuild":       map[string]interface{}{"substitute": substitute},
		},
	}}
	generator := kustomize.NewGenerator(folder, kustomization)
	if _, err := generator.WriteFile(folder); err != nil {
		return err
	}
	resources, err := kustomize.SecureBuild(folder, folder, false)
	if err != nil {
		return err
	}
	for _, resource := range resources.Resources() {
		if len(variables) > 0 {
			if _, err := kustomize.SubstituteVariables(context.Background(), nil, kustomization, resource); err != nil {
				return err
			}
		}
		text, err := resource.AsYAML()
		if err != nil {
			return err
		}
		fmt.Printf("---\n%s", text)
	}
	return nil
}
