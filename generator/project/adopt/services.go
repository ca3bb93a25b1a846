package adopt

import (
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// readServices turns every image into a service, except official images. No branch builds
// these, unless the base has no other.
func (d *Draft) readServices(workloads []workload) {
	ownOnly := slices.ContainsFunc(workloads, func(w workload) bool {
		return slices.ContainsFunc(w.containers, func(c container) bool { return !official(c.Image) })
	})
	byImage := map[string]string{}
	for _, w := range workloads {
		own := 0
		for i, c := range w.containers {
			if c.Image == "" {
				continue
			}
			if ownOnly && official(c.Image) {
				d.note("%s runs the official image %s: every staging runs this image, and no branch builds it", w.name, c.Image)
				continue
			}
			own++
			name := w.name
			if own > 1 {
				name += "-" + c.Name
			}
			d.readers = append(d.readers, reader{workload: w, index: i, name: name})
			if w.isEarly {
				d.note("%s %s runs before the sync, as a hook: it gets no new settings, whose ConfigMap comes later", w.kind, w.name)
			}
			d.readService(w, c, name, byImage)
		}
	}
}

func (d *Draft) readService(w workload, c container, name string, byImage map[string]string) {
	image := staging.ImageName(c.Image)
	if service, known := byImage[image]; known {
		d.note("%s runs the image of service %s, and is updated with it", w.name, service)
		return
	}
	byImage[image] = name
	service := project.Service{Image: c.Image}
	if image != name {
		service.TemplateImage = image
	}
	if c.Image == image {
		service.Image += ":latest"
		d.note("the image of service %s has no tag in the base, which Kubernetes reads as %s: a deploy of its default branch sets another default", name, service.Image)
	}
	d.Services[name] = service
	d.note("service %s: image %s of %s %s", name, image, w.kind, w.name)
}

// official reports whether an image is in Docker's official library.
func official(image string) bool {
	return slices.Contains(officialImages, strings.TrimPrefix(strings.TrimPrefix(staging.ImageName(image), "docker.io/"), "library/"))
}

// officialImages are the images without an organisation on Docker Hub that run beside an
// application. https://github.com/docker-library/official-images/tree/master/library
var officialImages = strings.Fields(`
	adminer aerospike almalinux alpine amazoncorretto amazonlinux arangodb archlinux bash busybox caddy cassandra chronograf clojure consul
	couchbase couchdb crate dart debian docker drupal eclipse-mosquitto eclipse-temurin elasticsearch elixir erlang fedora flink fluentd gcc
	geonetwork ghost golang gradle groovy haproxy haskell hello-world httpd hylang ibmjava influxdb jetty joomla jruby julia kapacitor kibana
	kong lightstreamer liquibase logstash mageia mariadb matomo maven mediawiki memcached mongo mongo-express mysql nats nats-streaming
	neo4j neurodebian nextcloud nginx node odoo open-liberty openjdk oraclelinux orientdb percona perl photon php phpmyadmin plone postgres
	postfixadmin pypy python r-base rabbitmq rakudo-star redis redmine registry rethinkdb rocket.chat rockylinux ruby rust sapmachine solr
	sonarqube spark spiped storm swift swipl telegraf tomcat tomee traefik ubuntu unit valkey varnish vault websphere-liberty wordpress
	xwiki yourls zookeeper`)
