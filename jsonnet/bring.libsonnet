// Adapts objects that were not written for Octopod to a staging:
//
//   bring(params, objects, { images: {…}, hosts: {…}, configMap: 'app-config' })
//
//   images     maps an image of the base, without tag, to the service that builds it
//   hosts      maps a host of the base to the service behind it; it is replaced in
//              Ingresses, in the routes, gateways and certificates of other kinds, and in
//              annotations for DNS
//   configMap  ConfigMap that gets the application's settings; with null the
//              settings become variables of the services' containers
//
// A variable of a service's container gets its value from the setting
// "<workload>-<container>.<variable>", "<workload>.<variable>" or "<variable>": the
// first one that exists. So two parts may each have a PORT. The setting
// "<workload>.replicas" of scope deployment sets the replicas.

local imageName(ref) =
  local plain = std.split(ref, '@')[0];
  local parts = std.split(plain, '/');
  std.join('/', parts[:std.length(parts) - 1] + [std.split(parts[std.length(parts) - 1], ':')[0]]);

// The objects in an array, in an object of objects or in a List kind, at any depth.
local flatten(value) =
  if std.isArray(value) then std.flatMap(flatten, value)
  else if value == null then []
  else if std.objectHas(value, 'kind') && std.isArray(std.get(value, 'items')) then flatten(value.items)
  else if std.objectHas(value, 'kind') then [value]
  else std.flatMap(flatten, std.objectValues(value));

// Possible names of the setting of a variable, the most specific first.
local names(workload, c, e) = [workload + '-' + c.name + '.' + e.name, workload + '.' + e.name, e.name];

// The setting that sets a variable; null without one.
local setting(params, workload, c, e) =
  local found = [key for key in names(workload, c, e) if std.objectHas(params.app, key) || std.member(params.absent, key)];
  if found == [] then null else found[0];

local container(params, known, workload, c) =
  local service = std.get(known.images, imageName(c.image));
  local follow(e) =
    local key = setting(params, workload, c, e);
    if key == null || std.objectHas(e, 'valueFrom') then e else e { value: params.app[key] };
  local own = [follow(e) for e in std.get(c, 'env', []) if !std.member(params.absent, setting(params, workload, c, e))];
  // Without a ConfigMap for the settings, a setting without a variable in any
  // container becomes a variable of every container.
  local more = if std.get(known, 'configMap') != null then [] else [
    { name: key, value: params.app[key] }
    for key in std.objectFields(params.app)
    if !std.member(known.variables, key)
  ];
  local env = own + more;
  if service == null then c
  else c { image: params.services[service].image, [if env != [] then 'env']: env };

local pod(params, known, workload, spec) = spec {
  [key]: [container(params, known, workload, c) for c in spec[key]]
  for key in ['containers', 'initContainers']
  if std.objectHas(spec, key)
};

local host(params, known, name) =
  local service = std.get(known.hosts, name);
  if service == null then name else params.services[service].host;

local ingress(params, known, spec) = spec {
  [if std.objectHas(spec, 'rules') then 'rules']: [
    rule { host: host(params, known, std.get(rule, 'host', '')) }
    for rule in spec.rules
  ],
  [if std.objectHas(spec, 'tls') then 'tls']: [
    entry { hosts: [host(params, known, name) for name in std.get(entry, 'hosts', [])] }
    for entry in spec.tls
  ],
};

// Kinds that route traffic to a host, or only have a name or a certificate for it.
local hostKinds = [
  'HTTPRoute', 'GRPCRoute', 'TLSRoute', 'Gateway', 'VirtualService', 'IngressRoute', 'IngressRouteTCP', 'HTTPProxy', 'Route',
  'VirtualServer', 'Mapping', 'Host', 'Certificate', 'DNSEndpoint',
];
local hostAnnotations = [
  'external-dns.alpha.kubernetes.io/hostname', 'external-dns.alpha.kubernetes.io/internal-hostname',
  'nginx.ingress.kubernetes.io/server-alias', 'cert-manager.io/common-name', 'cert-manager.io/alt-names',
];

// A value with the hosts of the base replaced, at any depth: a whole text, the hosts in a
// rule of Traefik, a host after a namespace, and each part of a list with commas.
local swap(params, known, value) =
  local parts(separator) = [host(params, known, p) for p in std.split(value, separator)];
  local list = [host(params, known, std.stripChars(p, ' ')) for p in std.split(value, ',')];
  if std.isArray(value) then [swap(params, known, v) for v in value]
  else if std.isObject(value) then { [key]: swap(params, known, value[key]) for key in std.objectFields(value) }
  else if !std.isString(value) then value
  else if std.member(value, '`') then std.join('`', parts('`'))
  else if std.member(value, '/') then std.join('/', parts('/'))
  else if std.member(value, ',') && list != std.split(value, ',') then std.join(',', list)
  else host(params, known, value);

local settings(params, known, data) = {
  [key]: (data + params.app)[key]
  for key in std.objectFields(data + params.app)
  if !std.member(params.absent, key) && (std.objectHas(data, key) || !std.member(known.variables, key))
};

// The pod spec of a workload; null for other objects.
local podOf(o) =
  local spec = std.get(o, 'spec', {});
  if o.kind == 'CronJob' then spec.jobTemplate.spec.template.spec
  else if std.objectHas(spec, 'template') then std.get(spec.template, 'spec');

// Names of the settings that set variables of the services' containers.
local variables(known, objects) = std.set([
  key
  for o in objects
  if podOf(o) != null
  for c in std.get(podOf(o), 'containers', []) + std.get(podOf(o), 'initContainers', [])
  if std.objectHas(known.images, imageName(c.image))
  for e in std.get(c, 'env', [])
  for key in names(o.metadata.name, c, e)
]);

// A label for pods that read the settings from a ConfigMap without a hash in its
// name, so that a changed setting restarts them.
local noticed(known, o) =
  local reads = std.length(std.findSubstr('"name":"' + std.get(known, 'configMap', '') + '"', std.manifestJsonMinified(podOf(o)))) > 0;
  if known.hash == '' || o.kind == 'Job' || !reads then {}
  else { template+: { metadata+: { labels+: { 'octopod.dev/settings': known.hash } } } };

local annotations(params, known, of) = {
  [key]: if std.member(hostAnnotations, key) then swap(params, known, of[key]) else of[key]
  for key in std.objectFields(of)
};

local one(params, known, given) =
  local o = if std.objectHas(given.metadata, 'annotations')
  then given { metadata+: { annotations: annotations(params, known, given.metadata.annotations) } } else given;
  local spec = std.get(o, 'spec', {});
  local name = std.get(o.metadata, 'name', '');
  local replicas = std.get(params.deployment, name + '.replicas');
  local template = { template+: { spec: pod(params, known, name, podOf(o)) } };
  if o.kind == 'Ingress' then o { spec: ingress(params, known, spec) }
  else if std.member(hostKinds, o.kind) then o { spec: swap(params, known, spec) }
  else if o.kind == 'ConfigMap' && name == std.get(known, 'configMap') then o { data: settings(params, known, std.get(o, 'data', {})) }
  else if o.kind == 'CronJob' then o { spec+: { jobTemplate+: { spec+: template } } }
  else if podOf(o) != null then o { spec+: template + noticed(known, o) + (if replicas == null then {} else { replicas: replicas }) }
  else o;

{
  bring(params, objects, known)::
    local all = [o for o in flatten(objects) if o.kind != 'Namespace'];
    local more = known { variables: variables(known, all) };
    local data = [
      settings(params, more, std.get(o, 'data', {}))
      for o in all
      if o.kind == 'ConfigMap' && std.get(o.metadata, 'name') == std.get(known, 'configMap')
    ];
    local hash = if data == [] then '' else std.md5(std.manifestJsonMinified(data))[:10];
    [one(params, more { hash: hash }, o) for o in all],
}
