// Command tensorflow stands in for tensorflow_model_server: its flags, its REST API, and how it starts and ends.
//
// It serves the highest version below --model_base_path; a version is a folder with saved_model.pb. Scores come from
// a table: {"inputs": {NAME: dtype}, "outputs": {NAME: dtype}, "rows": [[{input: value}, {output: value}]]}. Without one
// an answer holds the version. REST listens when the version is loaded, and as in the real server a version
// that does not load ends the process. SIGTERM has no handler: process 1 ignores it.
//
//	LOADS   time until the version is loaded
//	TAKES   time for an answer
//	SCORES  file with the table
//
// Source: tensorflow/serving, model_servers/{main.cc,server_core.cc,http_rest_api_handler.cc}.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"time"
)

type table struct {
	Inputs  map[string]string   `json:"inputs"`
	Outputs map[string]string   `json:"outputs"`
	Rows    [][2]map[string]any `json:"rows"`
}

func main() {
	restPort := flag.Int("rest_api_port", 0, "")
	name := flag.String("model_name", "default", "")
	base := flag.String("model_base_path", "", "")
	monitoring := flag.String("monitoring_config_file", "", "")
	batching := flag.Bool("enable_batching", false, "")
	parameters := flag.String("batching_parameters_file", "", "")
	flag.Int("port", 8500, "")
	flag.Int("rest_api_timeout_in_ms", 30000, "")
	flag.Bool("enable_grpc_healthcheck_service", false, "")
	flag.Parse()
	if *parameters != "" && !*batching {
		log.Fatal("batching_parameters_file is set without enable_batching")
	}
	if _, err := os.ReadFile(*monitoring); *monitoring != "" && err != nil {
		log.Fatal(err)
	}
	version := highest(*base)
	folder := filepath.Join(*base, strconv.Itoa(version))
	loads, _ := time.ParseDuration(os.Getenv("LOADS"))
	time.Sleep(loads)
	if content, err := os.ReadFile(filepath.Join(folder, "saved_model.pb")); version == 0 || err != nil || len(content) == 0 {
		log.Fatalf("no version of %s could be loaded", *name)
	}
	known := scores(os.Getenv("SCORES"))
	model := "/v1/models/" + *name
	wanted := fmt.Sprintf("%s/versions/%d", model, version)
	status := fmt.Sprintf(`{"model_version_status":[{"version":"%d","state":"AVAILABLE","status":{"error_code":"OK","error_message":""}}]}`, version)
	mux := http.NewServeMux()
	for _, path := range []string{model, wanted} {
		mux.HandleFunc("GET "+path, says(http.StatusOK, status))
		mux.HandleFunc("GET "+path+"/metadata", says(http.StatusOK, metadata(*name, version, known)))
		mux.HandleFunc("POST "+path+":predict", predict(known, version))
	}
	mux.HandleFunc("GET /monitoring/prometheus/metrics", says(http.StatusOK, "# TYPE :tensorflow:serving:request_count counter"))
	mux.HandleFunc("/", says(http.StatusNotFound, fmt.Sprintf(`{"error":"Servable not found for request: Specific(%s)"}`, *name)))
	log.Printf("Exporting HTTP/REST API at:localhost:%d ...", *restPort)
	log.Fatal(http.ListenAndServe(fmt.Sprintf(":%d", *restPort), mux))
}

func highest(base string) int {
	found := 0
	entries, _ := os.ReadDir(base)
	for _, each := range entries {
		if number, err := strconv.Atoi(each.Name()); err == nil && number > found {
			found = number
		}
	}
	return found
}

func scores(file string) *table {
	if file == "" {
		return nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	var found table
	if err := json.Unmarshal(content, &found); err != nil {
		log.Fatal(err)
	}
	return &found
}

// tensors describes tensors of shape (-1, 1), as the metadata of a model do.
func tensors(prefix string, dtypes map[string]string) map[string]any {
	found := map[string]any{}
	dimensions := []any{map[string]any{"size": "-1"}, map[string]any{"size": "1"}}
	for name, dtype := range dtypes {
		shape := map[string]any{"dim": dimensions, "unknown_rank": false}
		found[name] = map[string]any{"dtype": dtype, "name": prefix + name + ":0", "tensor_shape": shape}
	}
	return found
}

func metadata(name string, version int, known *table) string {
	inputs, outputs := map[string]string{}, map[string]string{"version": "DT_STRING"}
	if known != nil {
		inputs, outputs = known.Inputs, known.Outputs
	}
	signature := map[string]any{
		"inputs": tensors("serving_default_", inputs), "outputs": tensors("call_", outputs),
		"method_name": "tensorflow/serving/predict",
	}
	definition := map[string]any{
		"@type":         "type.googleapis.com/tensorflow.serving.SignatureDefMap",
		"signature_def": map[string]any{"serving_default": signature},
	}
	text, _ := json.Marshal(map[string]any{
		"model_spec": map[string]any{"name": name, "signature_name": "", "version": strconv.Itoa(version)},
		"metadata":   map[string]any{"signature_def": definition},
	})
	return string(text)
}

func predict(known *table, version int) http.HandlerFunc {
	takes, _ := time.ParseDuration(os.Getenv("TAKES"))
	return func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(takes)
		var call struct {
			Instances []map[string]any `json:"instances"`
			Signature string           `json:"signature_name"`
		}
		if err := json.NewDecoder(r.Body).Decode(&call); known != nil && err != nil {
			says(http.StatusBadRequest, `{"error":"JSON Parse error"}`)(w, r)
			return
		}
		if call.Signature != "" && call.Signature != "serving_default" {
			says(http.StatusBadRequest, fmt.Sprintf(`{"error":"Serving signature name: \"%s\" not found in signature def"}`, call.Signature))(w, r)
			return
		}
		if known == nil {
			says(http.StatusOK, fmt.Sprintf(`{"predictions":[{"version":"%d"}]}`, version))(w, r)
			return
		}
		answers := []any{}
		for _, each := range call.Instances {
			score, ok := known.score(each)
			if !ok {
				says(http.StatusBadRequest, `{"error":"Failed to process element: the inputs are not those of the signature"}`)(w, r)
				return
			}
			answers = append(answers, score)
		}
		text, _ := json.Marshal(map[string]any{"predictions": answers})
		says(http.StatusOK, string(text))(w, r)
	}
}

// score looks a row up, whose values each stand in a list of one; so do the scores.
func (t *table) score(row map[string]any) (map[string]any, bool) {
	plain := map[string]any{}
	for name, value := range row {
		list, ok := value.([]any)
		if !ok || len(list) != 1 {
			return nil, false
		}
		plain[name] = list[0]
	}
	for _, each := range t.Rows {
		if reflect.DeepEqual(each[0], plain) {
			found := map[string]any{}
			for name, value := range each[1] {
				found[name] = []any{value}
			}
			return found, true
		}
	}
	return nil, false
}

func says(code int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		fmt.Fprint(w, text)
	}
}
