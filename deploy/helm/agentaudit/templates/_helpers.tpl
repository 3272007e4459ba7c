{{/* A StatefulSet of one verb. Takes root, verb, replicas, part (its values), ports and live. */}}
{{- define "agentaudit.set" -}}
{{- $root := .root -}}
{{- $name := printf "%s-%s" $root.Release.Name .verb -}}
{{- $scheme := ternary "HTTPS" "HTTP" (ne $root.Values.tls.secretName "") -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $name }}
  labels:
    {{- include "agentaudit.labels" (dict "root" $root "name" $name) | nindent 4 }}
spec:
  serviceName: {{ $name }}
  replicas: {{ .replicas }}
  podManagementPolicy: Parallel
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ $name }}
  template:
    metadata:
      labels:
        {{- include "agentaudit.labels" (dict "root" $root "name" $name) | nindent 8 }}
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: "8888"
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 30
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: {{ .verb }}
          image: "{{ $root.Values.image.repository }}:{{ $root.Values.image.tag | default $root.Chart.AppVersion }}"
          args: [{{ .verb }}, --metrics-port, "8888", --health-port, "13133"]
          env:
            - name: AGENTAUDIT_DATABASE_URL
              valueFrom:
                secretKeyRef:
                  name: {{ $root.Values.database.secretName }}
                  key: {{ $root.Values.database.secretKey }}
            {{- if $root.Values.tls.secretName }}
            - name: AGENTAUDIT_TLS_CERT_FILE
              value: /tls/tls.crt
            - name: AGENTAUDIT_TLS_KEY_FILE
              value: /tls/tls.key
            {{- end }}
            {{- range $variable, $value := $root.Values.env }}
            - name: {{ $variable }}
              value: {{ $value | quote }}
            {{- end }}
          ports:
            {{- range $port, $number := .ports }}
            - name: {{ $port }}
              containerPort: {{ $number }}
            {{- end }}
            - name: metrics
              containerPort: 8888
            - name: health
              containerPort: 13133
          startupProbe:
            httpGet:
              path: /
              port: health
              scheme: {{ $scheme }}
            periodSeconds: 2
            failureThreshold: 60
          readinessProbe:
            httpGet:
              path: /
              port: health
              scheme: {{ $scheme }}
            periodSeconds: 5
          livenessProbe:
            # Not the health port: a database that is away is no reason to start anew.
            tcpSocket:
              port: {{ .live }}
            periodSeconds: 10
          resources:
            {{- toYaml .part.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
          volumeMounts:
            - name: data
              mountPath: /data
            - name: tmp
              mountPath: /tmp
            {{- if $root.Values.tls.secretName }}
            - name: tls
              mountPath: /tls
              readOnly: true
            {{- end }}
      volumes:
        - name: tmp
          emptyDir: {}
        {{- if $root.Values.tls.secretName }}
        - name: tls
          secret:
            secretName: {{ $root.Values.tls.secretName }}
            defaultMode: 0440
        {{- end }}
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        resources:
          requests:
            storage: {{ .part.storage }}
{{- end -}}

{{/* Labels of an object. Takes root and name. */}}
{{- define "agentaudit.labels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/part-of: agentaudit
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}
