{{- define "bench.labels" -}}
app.kubernetes.io/name: {{ .model.name }}
app.kubernetes.io/component: scr
app.kubernetes.io/part-of: {{ .values.set }}
app.kubernetes.io/managed-by: modelyard
{{- with .variant }}
modelyard.dev/variant: {{ .name }}
{{- end }}
{{- end }}

{{/* The ConfigMap of a model or of a variant, named after what it holds, and the Knative Service that reads it. */}}
{{- define "bench.workload" -}}
{{- $name := .model.name -}}
{{- if .variant }}{{ $name = printf "%s-%s" .model.name .variant.name }}{{ end -}}
{{- $config := printf "%s-config-%s" $name (.model.config | toJson | sha256sum | trunc 10) -}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $config }}
  namespace: {{ .values.namespace }}
  labels:
    {{- include "bench.labels" . | nindent 4 }}
immutable: true
data:
  {{- range $key, $value := .model.config }}
  {{ $key }}: {{ $value | toJson }}
  {{- end }}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: {{ $name }}
  namespace: {{ .values.namespace }}
  labels:
    {{- include "bench.labels" . | nindent 4 }}
    {{- if .variant }}
    networking.knative.dev/visibility: cluster-local
    {{- end }}
spec:
  template:
    metadata:
      labels:
        {{- include "bench.labels" . | nindent 8 }}
      annotations:
        autoscaling.knative.dev/min-scale: {{ .model.minScale | quote }}
        autoscaling.knative.dev/max-scale: {{ .model.maxScale | quote }}
        autoscaling.knative.dev/target: {{ .model.target | quote }}
        autoscaling.knative.dev/window: {{ .model.window }}
    spec:
      timeoutSeconds: 60
      serviceAccountName: default
      automountServiceAccountToken: false
      enableServiceLinks: false
      containers:
      - name: model
        image: {{ .values.registry }}/{{ (.variant | default .model).image }}
        ports:
        - name: http1
          containerPort: 8080
          protocol: TCP
        env:
        - name: SAS_SCR_APP_PATH
          value: {{ .model.path }}
        {{- range $key, $value := .model.env }}
        - name: {{ $key }}
          value: {{ $value | toJson }}
        {{- end }}
        envFrom:
        - configMapRef:
            name: {{ $config }}
        resources:
          {{- toYaml .values.resources | nindent 10 }}
        startupProbe:
          tcpSocket:
            port: 8080
          periodSeconds: 1
          failureThreshold: 120
        readinessProbe:
          tcpSocket:
            port: 8080
          periodSeconds: 10
          successThreshold: 1
          failureThreshold: 3
        livenessProbe:
          tcpSocket:
            port: 8080
          periodSeconds: 20
          failureThreshold: 3
        volumeMounts:
        - name: tmp
          mountPath: /tmp
        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            drop: [ALL]
          readOnlyRootFilesystem: true
          runAsNonRoot: true
          runAsUser: 1001
          seccompProfile:
            type: RuntimeDefault
      volumes:
      - name: tmp
        emptyDir: {}
{{- end }}
