// Ties objects that were not written for Octopod to a staging:
//
//   bring(params, objects, { images: {…}, hosts: {…}, configMap: 'app-config' })
//
//   images     image of the base, without tag → service that builds it
//   hosts      host of the base's Ingresses → service behind it
//   configMap  ConfigMap that holds the application's settings; null makes them
//              variables of the services' containers
//
// Replicas follow the deployment setting "<workload>.replicas".

local imageName(ref) =
  local plain = std.split(ref, '@')[0];
  local parts = std.split(plain, '/');
  std.join('/', parts[:std.length(parts) - 1] + [std.split(parts[std.length(parts) - 1], ':')[0]]);

// Objects in an array, an object of objects or a List kind, at any depth.
local flatten(value) =
  if std.isArray(value) then std.flatMap(flatten, value)
  else if value == null then []
  else if std.objectHas(value, 'kind') && std.isArray(std.get(value, 'items')) then flatten(value.items)
  else if std.objectHas(value, 'kind') then [value]
  else std.flatMap(flatten, std.objectValues(value));

local container(params, known, c) =
  local service = std.get(known.images, imageName(c.image));
  local own = std.get(c, 'env', []);
  local kept = [e for e in own if !std.member(params.absent, e.name)];
  // Without a ConfigMap for the settings, new ones become variables.
  local more = if std.get(known, 'configMap') != null then [] else [
    key
    for key in std.objectFields(params.app)
    if !std.member([e.name for e in own], key)
  ];
  local env = [
    if std.objectHas(e, 'value') && std.objectHas(params.app, e.name) then e { value: params.app[e.name] } else e
    for e in kept
  ] + [{ name: key, value: params.app[key] } for key in more];
  if service == null then c
  else c { image: params.services[service].image, [if env != [] then 'env']: env };

local pod(params, known, spec) = spec {
  [key]: [container(params, known, c) for c in spec[key]]
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

local settings(params, data) = {
  [key]: (data + params.app)[key]
  for key in std.objectFields(data + params.app)
  if !std.member(params.absent, key)
};

local one(params, known, o) =
  local spec = std.get(o, 'spec', {});
  local replicas = std.get(params.deployment, std.get(o.metadata, 'name', '') + '.replicas');
  if o.kind == 'Ingress' then o { spec: ingress(params, known, spec) }
  else if o.kind == 'ConfigMap' && o.metadata.name == std.get(known, 'configMap') then o { data: settings(params, std.get(o, 'data', {})) }
  else if o.kind == 'CronJob' then o { spec+: { jobTemplate+: { spec+: { template+: { spec: pod(params, known, spec.jobTemplate.spec.template.spec) } } } } }
  else if std.objectHas(spec, 'template') && std.objectHas(spec.template, 'spec') then o {
    spec+: { template+: { spec: pod(params, known, spec.template.spec) } } + (if replicas == null then {} else { replicas: replicas }),
  }
  else o;

{
  bring(params, objects, known)::
    [one(params, known, o) for o in flatten(objects) if o.kind != 'Namespace'],
}
