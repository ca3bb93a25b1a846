// The shop: the objects of every staging, the same as in templates/shop.
local octopod = import 'octopod.libsonnet';

// With production, money moves.
local paymentURL = {
  sandbox: 'https://sandbox.payments.example.com',
  production: 'https://payments.example.com',
};

local container(name, image) = octopod.restrictedContainer { name: name, image: image };
local httpGet(path) = { httpGet: { path: path, port: 'http' } };
local tmp = { name: 'tmp', emptyDir: {} };

function(params)
  local services = params.services;
  local setting(name, default) = octopod.deploymentSetting(params, name, default);

  local gateway = std.get(params.app, 'PAYMENT_GATEWAY', 'sandbox');
  local settings = octopod.configMap('app-config', octopod.settings(params, {
    LOG_LEVEL: 'info',
    LEGACY_FLAG: 'on',
    DATABASE_URL: 'postgres://shop@postgres:5432/shop',
    PAYMENT_GATEWAY: gateway,
    PAYMENT_URL: paymentURL[gateway],
  }));

  // The payment key is in a Secret in the cluster.
  local stripeKey = std.get(params.secrets, 'STRIPE_KEY', { name: 'stripe', key: 'api-key', optional: true });

  local backend = octopod.deployment('backend', setting('backend.replicas', 1), {
    containers: [container('backend', services.backend.image) {
      ports: [{ name: 'http', containerPort: 8080 }],
      envFrom: [{ configMapRef: { name: settings.metadata.name } }],
      env: [
        { name: 'STRIPE_KEY', valueFrom: { secretKeyRef: stripeKey } },
        octopod.fact('PUBLIC_URL', 'url-backend'),
        octopod.fact('FRONTEND_URL', 'url-frontend'),
      ],
      startupProbe: httpGet('/healthz') { periodSeconds: 2, failureThreshold: 60 },
      readinessProbe: httpGet('/healthz') { periodSeconds: 5 },
      livenessProbe: httpGet('/healthz') { periodSeconds: 20 },
      resources: {
        requests: { cpu: '50m', memory: '128Mi' },
        limits: { memory: setting('backend.memory', '256Mi') },
      },
      volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
    }],
    volumes: [tmp],
  });

  local frontend = octopod.deployment('frontend', setting('frontend.replicas', 1), {
    containers: [container('frontend', services.frontend.image) {
      ports: [{ name: 'http', containerPort: 8080 }],
      env: [octopod.fact('API_URL', 'url-backend')],
      readinessProbe: httpGet('/') { periodSeconds: 5 },
      livenessProbe: httpGet('/') { periodSeconds: 20 },
      resources: { requests: { cpu: '20m', memory: '64Mi' }, limits: { memory: '128Mi' } },
      volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
    }],
    volumes: [tmp],
  });

  // One Postgres per staging. It has no password: a password must not be in git,
  // and this is test data. The NetworkPolicy admits only the backend of the same
  // namespace.
  local postgres = octopod.statefulSet('postgres', 1, {
    securityContext+: { runAsUser: 70, fsGroup: 70 },  // postgres in the alpine image
    containers: [container('postgres', 'postgres:17-alpine') {
      ports: [{ name: 'postgres', containerPort: 5432 }],
      env: [
        { name: 'POSTGRES_DB', value: 'shop' },
        { name: 'POSTGRES_USER', value: 'shop' },
        { name: 'POSTGRES_HOST_AUTH_METHOD', value: 'trust' },
        { name: 'PGDATA', value: '/var/lib/postgresql/data/pgdata' },
      ],
      readinessProbe: { exec: { command: ['pg_isready', '-U', 'shop'] }, periodSeconds: 5 },
      resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '256Mi' } },
      volumeMounts: [
        { name: 'data', mountPath: '/var/lib/postgresql/data' },
        { name: 'run', mountPath: '/var/run/postgresql' },
        { name: 'tmp', mountPath: '/tmp' },
      ],
    }],
    volumes: [{ name: 'run', emptyDir: {} }, tmp],
  }, [{
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  }]);

  local onlyBackend = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'postgres', labels: { app: 'postgres' } },
    spec: {
      podSelector: { matchLabels: { app: 'postgres' } },
      policyTypes: ['Ingress'],
      ingress: [{
        from: [{ podSelector: { matchLabels: { app: 'backend' } } }],
        ports: [{ port: 'postgres' }],
      }],
    },
  };

  octopod.staging(params, [
    settings,
    backend,
    octopod.service('backend', { http: 80 }),
    frontend,
    octopod.service('frontend', { http: 80 }),
    postgres,
    octopod.service('postgres', { postgres: 5432 }, headless=true),
    onlyBackend,
    octopod.ingress(params, 'shop', ['frontend', 'backend']),
  ])
