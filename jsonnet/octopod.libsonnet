// Octopod's jsonnet library: turns the objects of a project into a staging.
//
//   local octopod = import 'octopod.libsonnet';
//   function(params) octopod.staging(params, [ …your objects… ])
//
// `params` is envs/<name>/params.json. Every function depends only on its
// arguments; use the ones that you need.

// Sets `value` in `object` at a path of fields, and creates missing fields on the path.
local put(object, path, value) =
  if path == [] then value
  else object { [path[0]]: put(std.get(object, path[0], {}), path[1:], value) };

// The rules of params for a kind in an archived staging: fields to set, or a rule
// without a pointer, which removes the object until restore.
local fixes(params, kind) = [fix for fix in params.asleep if fix.kind == kind];
local steps(pointer) = [std.strReplace(std.strReplace(step, '~1', '/'), '~0', '~') for step in std.split(pointer, '/')[1:]];
local sleeps(params, object) = std.foldl(
  function(o, fix) put(o, steps(fix.pointer), fix.value), fixes(params, object.kind), object
);
// A Job goes, too: Argo CD would wait for a suspended one forever, and count a resumed
// one as complete while it runs. Of a staging that is deleted, only the teardown runs.
local stays(params, object) = !(object.kind == 'Job' && params.state != 'active') && std.all([fix.pointer != '' for fix in fixes(params, object.kind)]);

local nameOf(object) = std.get(std.get(object, 'metadata', {}), 'name', '');
local annotation(object, name) = std.get(std.get(std.get(object, 'metadata', {}), 'annotations', {}), name, '');
local isHook(object) = annotation(object, 'argocd.argoproj.io/hook') != '' || annotation(object, 'helm.sh/hook') != '';
local inWave(wave) = if wave == '' then {} else { metadata+: { annotations+: { 'argocd.argoproj.io/sync-wave': wave } } };

// The sync wave before the first object of the template, for what Octopod writes: an
// early Job may need it, and Argo CD waits for each wave. '' if the order of kinds
// suffices.
local firstWave(objects) =
  local waves = [annotation(o, 'argocd.argoproj.io/sync-wave') for o in objects if !isHook(o)];
  local first = std.foldl(std.min, [std.parseInt(w) for w in waves if std.startsWith(w, '-')], 0);
  if first == 0 then '' else std.toString(first - 1);

// A Job with a hash of its spec, and of the plain ConfigMaps that it reads, in its
// name: the pods of a Job cannot change, so a changed Job must be a new object, and
// Argo CD runs it once. A Job with a lifetime would run again and again.
local named(objects, job) =
  local text = std.manifestJsonMinified(job.spec);
  local reads(o) = o.kind == 'ConfigMap' && std.length(std.findSubstr('"name":"' + nameOf(o) + '"', text)) > 0;
  local content = [text] + [std.get(o, 'data', {}) for o in objects if reads(o)];
  job {
    metadata+: { name: nameOf(job)[:52] + '-' + std.md5(std.manifestJsonMinified(content))[:10] },
    spec+: { ttlSecondsAfterFinished:: null },
  };

// An autoscaler owns the number of replicas: Argo CD would set it back.
local isScaled(objects, object) = std.any([
  std.get(target, 'kind', 'Deployment') == object.kind && std.get(target, 'name') == nameOf(object)
  for target in [std.get(std.get(o, 'spec', {}), 'scaleTargetRef') for o in objects]
  if target != null
]);

// An object above 240 KiB does not fit into the annotation of a client-side apply.
local size(object) = std.foldl(function(sum, text) sum + std.length(text), std.objectValues(std.get(object, 'data', {})), 0);
local appliedByServer(object) =
  local others = annotation(object, 'argocd.argoproj.io/sync-options');
  if object.kind != 'ConfigMap' || size(object) <= 240 * 1024 then object
  else object { metadata+: { annotations+: {
    'argocd.argoproj.io/sync-options': (if others == '' then '' else others + ',') + 'ServerSideApply=true',
  } } };

// The database that Octopod keeps: its account and its Job; {} without one.
local databaseOf(params) = std.get(params, 'database', {});
// What octopod.yaml adds to every template; {} for nothing.
local additionsOf(params) = std.get(params, 'additions', {});
local isJob(object) = object.kind == 'Job';
local workloads = ['CloneSet', 'DaemonSet', 'Deployment', 'DeploymentConfig', 'Rollout', 'StatefulSet'];

// The Job of the migration: the container of the service with another command, so that
// it has the image, the environment and the volumes of the service. An array, because
// most projects have none.
local migration(params, objects) =
  local m = std.get(databaseOf(params), 'migrate');
  local found = if m == null then [] else [
    { pod: o.spec.template.spec, container: c }
    for o in objects
    if std.member(workloads, o.kind)
    for c in o.spec.template.spec.containers
    if c.image == m.image
  ];
  if found == [] then [] else
    local pod = found[0].pod;
    local container = found[0].container;
    local kept = [v for v in std.get(pod, 'volumes', []) if !std.objectHas(v, 'persistentVolumeClaim')];
    local names = [v.name for v in kept];
    local mounts = [v for v in std.get(container, 'volumeMounts', []) if std.member(names, v.name)];
    local serving = ['args', 'ports', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle', 'volumeMounts'];
    local job = {
      [field]: container[field]
      for field in std.objectFields(container)
      if !std.member(serving, field)
    } + { name: 'migrate', command: m.command, terminationMessagePolicy: 'FallbackToLogsOnError' }
      + (if mounts == [] then {} else { volumeMounts: mounts });
    [{
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'migrate', annotations: { 'argocd.argoproj.io/sync-wave': '-1' } },
      spec: {
        backoffLimit: 1,
        activeDeadlineSeconds: 1800,
        template: {
          metadata: { labels: { app: 'migrate', 'octopod.dev/database': std.toString(params.database.generation) } },
          spec: {
            [field]: pod[field]
            for field in ['securityContext', 'imagePullSecrets', 'nodeSelector', 'tolerations']
            if std.objectHas(pod, field)
          } + { restartPolicy: 'Never', automountServiceAccountToken: false, containers: [job] }
            + (if kept == [] then {} else { volumes: kept }),
        },
      },
    }];

local clusterScoped = ['Namespace', 'ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition', 'PersistentVolume', 'StorageClass'];

{
  // The complete staging: Octopod's own objects, then the objects of the project,
  // each with the staging's namespace and labels, scaled down in an archived staging.
  // Every Job has a hash of its content in the name.
  staging(params, objects)::
    local database = std.get(databaseOf(params), 'objects', []);
    local jobs = [o for o in database if isJob(o)] + migration(params, objects);
    local wave = firstWave(objects + jobs);
    local own = [$.namespace(params)] + $.quota(params) + $.limits(params, objects + jobs) + [$.facts(params)]
                + [o for o in database if !isJob(o)] + std.get(additionsOf(params), 'objects', []);
    local early(object) =
      if std.objectHasAll(object, 'generated') && annotation(object, 'argocd.argoproj.io/sync-wave') == ''
      then object + inWave(wave) else object;
    [object + inWave(wave) for object in own]
    + [$.adopt(params, named(objects, job)) for job in jobs] + [
      early(appliedByServer($.adopt(params, if object.kind == 'Job' && !isHook(object) then named(objects, object)
      else if params.state == 'active' && isScaled(objects, object) then object { spec+: { replicas:: null } } else object)))
      for object in objects
      if stays(params, object)
    ],

  // Adds namespace, labels and annotations of the staging to one object.
  adopt(params, object)::
    local labelled = { metadata+: { labels+: params.labels } };
    local restarts = std.get(params, 'restarts', 0);
    local generation = std.get(databaseOf(params), 'generation', 0); // a reset restarts the pods
    local counted = { [if restarts > 0 then 'octopod.dev/restarts']: std.toString(restarts), [if generation > 0 then 'octopod.dev/database']: std.toString(generation) };
    local restarted =
      if counted != {} && std.member(workloads, object.kind) then { metadata+: { labels+: counted } } else {};
    local spec = std.get(object, 'spec', {});
    local ingress = std.get(additionsOf(params), 'ingressAnnotations', {});
    sleeps(params, object)
    + labelled
    + (if object.kind == 'Ingress' && ingress != {} then { metadata+: { annotations+: ingress } } else {})
    + (if std.member(clusterScoped, object.kind) then {} else { metadata+: { namespace: params.namespace } })
    + (if std.objectHas(spec, 'template') then { spec+: { template+: labelled + restarted } } else {})
    + (if std.objectHas(spec, 'volumeClaimTemplates') then
         { spec+: { volumeClaimTemplates: [claim + labelled for claim in spec.volumeClaimTemplates] } }
       else {}),

  namespace(params):: {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: params.namespace, labels: params.labels + std.get(additionsOf(params), 'namespaceLabels', {}), annotations: params.annotations },
  },

  // An array, because a project may have no quota.
  quota(params):: if params.quota == {} then [] else [{
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'octopod', namespace: params.namespace, labels: params.labels },
    spec: { hard: params.quota },
  }],

  // Defaults of the requests and limits that the quota counts, if a container has none:
  // Kubernetes would create no pod for it. An array, because most projects need none.
  limits(params, objects)::
    local spec(o) = std.get(o, 'spec', {});
    local pods = [std.get(std.get(spec(o), 'template', spec(o)), 'spec', spec(o)) for o in objects];
    local resources = [
      std.get(c, 'resources', {})
      for pod in pods
      for c in std.get(pod, 'containers', []) + std.get(pod, 'initContainers', [])
    ];
    local lacks(fields, name) = std.any([
      std.all([std.get(std.get(r, field, {}), name) == null for field in fields])
      for r in resources
    ]);
    local counts(name) = std.objectHas(params.quota, name);
    local missing(fields, defaults, prefixes) = {
      [name]: defaults[name]
      for name in std.objectFields(defaults)
      if std.any([counts(prefix + name) for prefix in prefixes]) && lacks(fields, name)
    };
    local requests = missing(['requests', 'limits'], { cpu: '50m', memory: '128Mi' }, ['requests.', '']);
    local limits = missing(['limits'], { cpu: '1', memory: '512Mi' }, ['limits.']);
    local replaced = std.any([o.kind == 'LimitRange' for o in std.get(additionsOf(params), 'objects', [])]);
    if replaced || requests == {} && limits == {} then [] else [{
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'octopod', namespace: params.namespace, labels: params.labels },
      spec: { limits: [{
        type: 'Container',
        [if requests != {} then 'defaultRequest']: requests,
        [if limits != {} then 'default']: limits,
      }] },
    }],

  // The ConfigMap octopod: facts about the staging, for its containers.
  facts(params):: {
    local services = params.services,
    local reached = [name for name in std.objectFields(services) if services[name].host != ''],
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'octopod', namespace: params.namespace, labels: params.labels },
    data: {
            project: params.project,
            name: params.name,
            namespace: params.namespace,
            branch: params.branch,
          }
          + { ['image-' + name]: services[name].image for name in std.objectFields(services) }
          + { ['commit-' + name]: services[name].commit for name in std.objectFields(services) }
          + { ['host-' + name]: services[name].host for name in reached }
          + { ['url-' + name]: services[name].url for name in reached },
  },

  // The app's settings: the template's defaults, overridden by the settings of the
  // staging, without the settings that the staging removes.
  settings(params, defaults)::
    local all = defaults + params.app;
    { [key]: all[key] for key in std.objectFields(all) if !std.member(params.absent, key) },

  // A ConfigMap with a hash of its content in the name, so that a change restarts
  // the pods.
  configMap(name, data):: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: name + '-' + std.substr(std.md5(std.manifestJsonMinified(data)), 0, 10) },
    data: data,
    generated:: true,
  },

  // The value of a setting of scope deployment, or the template's default.
  deploymentSetting(params, name, default):: std.get(params.deployment, name, default),

  // `pod` is the pod spec; `name` becomes the name and the label app of the workload.
  deployment(name, replicas, pod):: $.workload('Deployment', name, replicas, pod),

  // `volumes` are the volumeClaimTemplates; archiving keeps the volumes.
  statefulSet(name, replicas, pod, volumes)::
    $.workload('StatefulSet', name, replicas, pod) + {
      spec+: { serviceName: name, volumeClaimTemplates: volumes },
    },

  workload(kind, name, replicas, pod):: {
    apiVersion: 'apps/v1',
    kind: kind,
    metadata: { name: name, labels: { app: name } },
    spec: {
      replicas: replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: $.restrictedPod + pod },
    },
  },

  // Fields of a pod and of a container that the restricted Pod Security Standard requires.
  restrictedPod:: {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
  },
  restrictedContainer:: {
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
  },

  // An environment variable from the ConfigMap octopod: url-backend, branch, …
  fact(name, key):: { name: name, valueFrom: { configMapKeyRef: { name: 'octopod', key: key } } },

  // `ports` maps the name of a container port to the port number of the service.
  service(name, ports, headless=false):: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: name, labels: { app: name } },
    spec: {
      selector: { app: name },
      ports: [{ name: port, port: ports[port], targetPort: port } for port in std.objectFields(ports)],
    } + (if headless then { clusterIP: 'None' } else {}),
  },

  // One rule per service, with the host of that service in the staging. Without a
  // secretName the ingress controller serves its default certificate.
  ingress(params, name, services, port='http')::
    local hosts = [params.services[service].host for service in services];
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: name },
      spec: {
        tls: [{ hosts: hosts }],
        rules: [
          {
            host: params.services[service].host,
            http: { paths: [{
              path: '/',
              pathType: 'Prefix',
              backend: { service: { name: service, port: { name: port } } },
            }] },
          }
          for service in services
        ],
      },
    },
}
