// The objects of values.json as a stream: `jsonnet --yaml-stream main.jsonnet`.
local values = import 'values.json';

local labels(model, variant=null) = {
  'app.kubernetes.io/name': model.name,
  'app.kubernetes.io/component': 'scr',
  'app.kubernetes.io/part-of': values.set,
  'app.kubernetes.io/managed-by': 'modelyard',
  [if variant != null then 'modelyard.dev/variant']: variant.name,
};

local metadata(name, labels) = { name: name, namespace: values.namespace, labels: labels };

local probe(period, failures) = { tcpSocket: { port: 8080 }, periodSeconds: period, failureThreshold: failures };

local container(model, image, config) = {
  name: 'model',
  image: values.registry + '/' + image,
  ports: [{ name: 'http1', containerPort: 8080, protocol: 'TCP' }],
  env: [{ name: 'SAS_SCR_APP_PATH', value: model.path }] +
       [{ name: key, value: model.env[key] } for key in std.objectFields(model.env)],
  envFrom: [{ configMapRef: { name: config } }],
  resources: values.resources,
  startupProbe: probe(1, 120),
  readinessProbe: probe(10, 3) { successThreshold: 1 },
  livenessProbe: probe(20, 3),
  volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    runAsUser: 1001,
    seccompProfile: { type: 'RuntimeDefault' },
  },
};

// The ConfigMap of a model or of a variant, named after what it holds, and the Knative Service that reads it.
local workload(model, variant=null) =
  local name = if variant == null then model.name else model.name + '-' + variant.name;
  local image = if variant == null then model.image else variant.image;
  local config = '%s-config-%s' % [name, std.substr(std.sha256(std.manifestJsonMinified(model.config)), 0, 10)];
  local own = labels(model, variant);
  local visibility = if variant == null then {} else { 'networking.knative.dev/visibility': 'cluster-local' };
  [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(config, own), immutable: true, data: model.config },
    {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: metadata(name, own + visibility),
      spec: {
        template: {
          metadata: {
            labels: own,
            annotations: {
              'autoscaling.knative.dev/min-scale': std.toString(model.minScale),
              'autoscaling.knative.dev/max-scale': std.toString(model.maxScale),
              'autoscaling.knative.dev/target': std.toString(model.target),
              'autoscaling.knative.dev/window': model.window,
            },
          },
          spec: {
            timeoutSeconds: 60,
            serviceAccountName: 'default',
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            containers: [container(model, image, config)],
            volumes: [{ name: 'tmp', emptyDir: {} }],
          },
        },
      },
    },
  ];

local route(model) = {
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Route',
  metadata: metadata(model.name, labels(model)),
  spec: {
    traffic: [
      { configurationName: model.name + '-' + each.name, latestRevision: true, percent: each.percent, tag: each.name }
      for each in model.variants
    ],
  },
};

local ports(numbers) = [{ port: number, protocol: 'TCP' } for number in numbers];

local policy(model) = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: metadata(model.name, labels(model)),
  spec: {
    podSelector: { matchLabels: { 'app.kubernetes.io/name': model.name } },
    policyTypes: ['Ingress'],
    ingress: [
      { ports: ports([8012, 8013, 8112]) },
      {
        ports: ports([9090, 9091]),
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'knative-serving' } } }],
      },
    ],
  },
};

std.flatMap(
  function(model)
    if std.objectHas(model, 'variants')
    then std.flatMap(function(each) workload(model, each), model.variants) + [route(model), policy(model)]
    else workload(model) + [policy(model)],
  values.models
)
