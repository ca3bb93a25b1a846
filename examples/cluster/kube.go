package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// object is a Kubernetes object, or a part of one.
type object = map[string]any

// Kubeconfig returns the path of the kubeconfig; its user is an administrator.
func (c *Cluster) Kubeconfig() string { return c.path("kubeconfig") }

// API sends a request to Kubernetes. The body is empty, YAML or JSON; PATCH
// applies it like kubectl apply --server-side.
func (c *Cluster) API(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, "https://"+c.apiAddress()+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.KubeToken)
	request.Header.Set("Content-Type", "application/yaml")
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/apply-patch+yaml")
	}
	return send(c.client, request)
}

// send returns the body of the response, and an error unless the status is a
// success.
func send(client *http.Client, request *http.Request) ([]byte, error) {
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s: %s: %s", request.Method, request.URL.Path, answer.Status, bytes.TrimSpace(data))
	}
	return data, nil
}

// apply creates or updates an object.
func (c *Cluster) apply(ctx context.Context, path string, o object) error {
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	_, err = c.API(ctx, http.MethodPatch, path+"?fieldManager=octopod-cluster&force=true", data)
	return err
}

// furnish creates the initial objects of the cluster: a node, a storage class,
// Argo CD's custom resource definitions and its settings.
func (c *Cluster) furnish(ctx context.Context) error {
	for path, o := range map[string]object{
		"/api/v1/nodes/" + nodeName: {
			"apiVersion": "v1", "kind": "Node", "metadata": object{"name": nodeName, "labels": object{"kubernetes.io/os": "linux"}},
		},
		"/apis/storage.k8s.io/v1/storageclasses/standard": {
			"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "kubernetes.io/host-path",
			"metadata": object{"name": "standard", "annotations": object{"storageclass.kubernetes.io/is-default-class": "true"}},
		},
		"/api/v1/namespaces/argocd": {"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": "argocd"}},
	} {
		if err := c.apply(ctx, path, o); err != nil {
			return err
		}
	}
	if err := c.applyCRDs(ctx); err != nil {
		return err
	}
	return c.applySettings(ctx)
}

const nodeName = "node-1"

func (c *Cluster) applyCRDs(ctx context.Context) error {
	for file, name := range crds() {
		data, err := os.ReadFile(filepath.Join(c.argoBin(), file))
		if err != nil {
			return fmt.Errorf("the program argocd is not built, run `cluster build` first: %w", err)
		}
		path := "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + name
		if _, err := c.API(ctx, http.MethodPatch, path+"?fieldManager=octopod-cluster&force=true", data); err != nil {
			return err
		}
	}
	for _, name := range crds() {
		path := "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + name
		if err := c.awaitCondition(ctx, path, "Established"); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) awaitNode(ctx context.Context) error {
	return c.awaitCondition(ctx, "/api/v1/nodes/"+nodeName, "Ready")
}

// awaitCondition waits until a condition of an object is True.
func (c *Cluster) awaitCondition(ctx context.Context, path, condition string) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	return c.await(ctx, APIServer, func(ctx context.Context) error {
		data, err := c.API(ctx, http.MethodGet, path, nil)
		if err != nil {
			return err
		}
		var o struct {
			Status struct {
				Conditions []struct{ Type, Status string }
			}
		}
		if err := json.Unmarshal(data, &o); err != nil {
			return err
		}
		for _, has := range o.Status.Conditions {
			if has.Type == condition && has.Status == "True" {
				return nil
			}
		}
		return errors.New(path + " is not " + condition)
	})
}

// writeConfig writes the configuration files: two kubeconfigs with different
// namespaces, and the configuration of the scheduler, kwok and Gitea.
func (c *Cluster) writeConfig() error {
	return errors.Join(
		c.writeKubeconfig(c.Kubeconfig(), "default"),
		c.writeKubeconfig(c.path("argocd.kubeconfig"), "argocd"),
		c.writeSchedulerConfig(),
		c.writeGiteaConfig(),
		c.writeNodeConfig(),
		os.WriteFile(c.path("kwok.yaml"), []byte(strings.Join(stages(), "\n---\n")), 0o600),
	)
}

// writeSchedulerConfig disables the plugins that make pods wait for their
// volumes: no kubelet mounts the volumes, and a rejected pod waits at least a
// second. VolumeZone rejects pods with unbound claims.
func (c *Cluster) writeSchedulerConfig() error {
	data, err := json.MarshalIndent(object{
		"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration",
		"clientConnection": object{"kubeconfig": c.Kubeconfig(), "qps": 500, "burst": 1000},
		"leaderElection":   object{"leaderElect": false},
		"profiles": []object{{
			"schedulerName": "default-scheduler",
			"plugins":       object{"multiPoint": object{"disabled": []object{{"name": "VolumeBinding"}, {"name": "VolumeZone"}}}},
		}},
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(c.path("scheduler.json"), data, 0o600)
}

func (c *Cluster) writeKubeconfig(path, namespace string) error {
	const name = "octopod-cluster"
	data, err := json.MarshalIndent(object{ // JSON is YAML
		"apiVersion": "v1", "kind": "Config", "current-context": name,
		"clusters": []object{{"name": name, "cluster": object{
			"server": "https://" + c.apiAddress(), "certificate-authority": c.path("pki", "ca.crt"),
		}}},
		"users":    []object{{"name": "admin", "user": object{"token": c.KubeToken}}},
		"contexts": []object{{"name": name, "context": object{"cluster": name, "user": "admin", "namespace": namespace}}},
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}
