//go:build cluster

package e2e_test

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"octopod/generator/testenv"
)

const (
	installDir = "../../install"
	home       = "octopod" // the namespace of the installation
)

// examples/install on a real API server: the server accepts every object with
// every field, admits the pods and runs them side by side. The pods have no
// permissions in Kubernetes, and their command starts and becomes ready without
// a writable disk.
func TestE2EInstallation(t *testing.T) {
	t.Parallel()
	s := &shop{t: t, meter: &meter{}}
	s.install()
	deployment := testenv.Eventually(t, "both pods are available", func() (appsv1.Deployment, bool) {
		var d appsv1.Deployment
		s.get(appsAPI+home+"/deployments/octopod", &d)
		return d, d.Status.AvailableReplicas == 2
	})
	t.Run("rights", func(t *testing.T) { mayNothing(t, deployment.Spec.Template.Spec.ServiceAccountName) })
	t.Run("start", func(t *testing.T) { (&shop{t: t, meter: s.meter}).startInstalled(deployment) })
}

// install runs the steps of the README, and uninstalls when the test ends.
func (s *shop) install() {
	s.t.Helper()
	built, err := exec.CommandContext(s.t.Context(), filepath.Join(world.Bin, "kustomize"), "build", installDir).Output()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.delete("/api/v1/namespaces/" + home) })
	for i, text := range bytes.Split(built, []byte("\n---\n")) {
		var o metav1.PartialObjectMetadata
		if err := yaml.Unmarshal(text, &o); err != nil {
			s.t.Fatal(err)
		}
		const strictly = "?fieldManager=e2e&fieldValidation=Strict"
		path := s.pathOf(o)
		if _, err := s.api(http.MethodPatch, path+strictly, text); err != nil {
			s.t.Errorf("object %d: %v", i, err)
		}
		wrong := append(slices.Clone(text), "\nnoSuchField: true\n"...)
		if _, err := s.api(http.MethodPatch, path+strictly+"&dryRun=All", wrong); err == nil {
			s.t.Errorf("%s %s is not looked at strictly", o.Kind, o.Name)
		}
	}
}

// pathOf returns the API path of an object of the installation.
func (s *shop) pathOf(o metav1.PartialObjectMetadata) string {
	s.t.Helper()
	plural, known := map[string]string{
		"Namespace": "", "ConfigMap": "configmaps", "Service": "services", "Deployment": "deployments", "Ingress": "ingresses",
		"NetworkPolicy": "networkpolicies", "PodDisruptionBudget": "poddisruptionbudgets",
	}[o.Kind]
	switch {
	case !known:
		s.t.Fatalf("%s %s: what is it for?", o.Kind, o.Name)
	case o.Kind == "Namespace" && o.Name == home:
		return "/api/v1/namespaces/" + home
	case o.Namespace != home:
		s.t.Fatalf("%s %s is in namespace %q", o.Kind, o.Name, o.Namespace)
	}
	group := "/apis/" + o.APIVersion
	if o.APIVersion == "v1" {
		group = "/api/v1"
	}
	return group + "/namespaces/" + home + "/" + plural + "/" + o.Name
}

// mayNothing checks that the account of the pods has no permissions beyond
// those of every account: discovery and self-review.
func mayNothing(t *testing.T, account string) {
	if account == "" {
		account = "default"
	}
	for _, namespace := range []string{home, "default", "kube-system", "argocd"} {
		octopod := rules(t, namespace, home, account)
		if diff := cmp.Diff(rules(t, namespace, "e2e-nowhere", "stranger"), octopod); diff != "" {
			t.Errorf("in %s it may more than a stranger (-stranger +octopod):\n%s", namespace, diff)
		}
		for _, may := range octopod.ResourceRules {
			if !slices.Equal(may.Verbs, []string{"create"}) || slices.ContainsFunc(may.Resources, func(r string) bool { return !strings.HasPrefix(r, "selfsubject") }) {
				t.Errorf("in %s every account may %+v", namespace, may)
			}
		}
	}
}

// rules returns the permissions of a service account, like `kubectl auth can-i
// --list --as`.
func rules(t *testing.T, namespace, of, account string) authorizationv1.SubjectRulesReviewStatus {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", world.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	config.Impersonate.UserName = "system:serviceaccount:" + of + ":" + account
	config.Impersonate.Groups = []string{"system:serviceaccounts", "system:serviceaccounts:" + of, "system:authenticated"}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	review := &authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: namespace}}
	review, err = client.AuthorizationV1().SelfSubjectRulesReviews().Create(t.Context(), review, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	may := review.Status
	if may.Incomplete || len(may.ResourceRules) == 0 {
		t.Fatalf("what %s may in %s is not known: %+v", config.Impersonate.UserName, namespace, may)
	}
	slices.SortFunc(may.ResourceRules, func(a, b authorizationv1.ResourceRule) int { return slices.Compare(a.APIGroups, b.APIGroups) })
	slices.SortFunc(may.NonResourceRules, func(a, b authorizationv1.NonResourceRule) int {
		return slices.Compare(a.NonResourceURLs, b.NonResourceURLs)
	})
	return may
}

// startInstalled runs the command of a pod: its arguments, the files of its
// volumes, and the env repo over SSH of its configuration.
func (s *shop) startInstalled(d appsv1.Deployment) {
	s.t.Helper()
	container := d.Spec.Template.Spec.Containers[0]
	repos := s.t.TempDir()
	server := testenv.ServeSSH(s.t, repos)
	s.remote = testenv.EmptyBare(s.t, filepath.Join(repos, "envs.git"))
	s.env = append(testenv.Env(), "OCTOPOD_ENV_REPO="+s.remote)
	s.octopod("init", "--project", "shop", "--base-domain", "staging.example.com")

	key, err := os.ReadFile(server.KeyFile)
	if err != nil {
		s.t.Fatal(err)
	}
	hosts, err := os.ReadFile(server.KnownHosts)
	if err != nil {
		s.t.Fatal(err)
	}
	s.giveSecrets(key, hosts)
	files := s.mounted(d)
	args := slices.Clone(container.Args)
	for i, arg := range args {
		for mount, dir := range files {
			args[i] = strings.Replace(arg, mount+"/", dir+"/", 1)
			arg = args[i]
		}
	}
	ports := map[string]string{} // addresses, by port name
	config := filepath.Join(files["/etc/octopod"], "server.yaml")
	text, err := os.ReadFile(config)
	if err != nil {
		s.t.Fatal(err)
	}
	change := func(old, by string) {
		if !strings.Contains(string(text), old) {
			s.t.Fatalf("the configuration does not name %s:\n%s", old, text)
		}
		text = []byte(strings.ReplaceAll(string(text), old, by))
	}
	for _, port := range container.Ports {
		ports[port.Name] = testenv.FreeAddress(s.t)
		change("0.0.0.0:"+strconv.Itoa(int(port.ContainerPort)), ports[port.Name])
	}
	change("git@git.example.com:acme/shop-stagings.git", server.URL+"/envs.git")
	change("/run/secrets/octopod/", files["/run/secrets/octopod"]+"/")
	if err := os.WriteFile(config, text, 0o600); err != nil {
		s.t.Fatal(err)
	}

	cmd := exec.Command(world.octopod, args...)
	const nowhere = "/dev/null/nowhere" // the root file system of the pod is read-only
	cmd.Env = []string{"HOME=" + nowhere, "TMPDIR=" + nowhere, "SSH_KNOWN_HOSTS=" + filepath.Join(files["/etc/ssh"], "ssh_known_hosts")}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	s.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil || s.t.Failed() {
			s.t.Errorf("it ended (%v) and had said:\n%s", err, said.String())
		}
	})
	live, ready := container.LivenessProbe.HTTPGet, container.ReadinessProbe.HTTPGet
	for _, url := range []string{ports[live.Port.String()] + live.Path, ports[ready.Port.String()] + ready.Path, ports["metrics"] + "/metrics"} {
		testenv.Eventually(s.t, url+" answers", func() (string, bool) {
			answer, err := http.Get("http://" + url)
			if err != nil {
				return err.Error(), false
			}
			defer answer.Body.Close()
			return answer.Status, answer.StatusCode == http.StatusOK
		})
	}
}

// giveSecrets creates the Secret and the ConfigMap that the README describes.
func (s *shop) giveSecrets(key, knownHosts []byte) {
	s.t.Helper()
	readme, err := os.ReadFile(filepath.Join(installDir, "README.md"))
	if err != nil {
		s.t.Fatal(err)
	}
	secrets := map[string][]byte{}
	for _, word := range strings.Fields(string(readme)) {
		if name, found := strings.CutPrefix(word, "--from-file="); found && name != "ssh_known_hosts" {
			secrets[name] = []byte("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=") // 32 bytes, the length of a session key; other secrets are any text
		}
	}
	if len(secrets) < 4 {
		s.t.Fatalf("the README has people make %v", secrets)
	}
	secrets["git-key"] = key
	for path, o := range map[string]any{
		"/secrets/octopod": corev1.Secret{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: metav1.ObjectMeta{Name: "octopod"}, Data: secrets,
		},
		"/configmaps/octopod-known-hosts": corev1.ConfigMap{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: metav1.ObjectMeta{Name: "octopod-known-hosts"},
			Data: map[string]string{"ssh_known_hosts": string(knownHosts)},
		},
	} {
		text, err := yaml.Marshal(o)
		if err != nil {
			s.t.Fatal(err)
		}
		s.apply("/api/v1/namespaces/"+home+path, text)
	}
}

// mounted writes the content of the pods' volumes from Kubernetes into folders,
// and returns the folder of each mount path.
func (s *shop) mounted(d appsv1.Deployment) map[string]string {
	s.t.Helper()
	pod := d.Spec.Template.Spec
	folders := map[string]string{}
	for _, mount := range pod.Containers[0].VolumeMounts {
		at := slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name })
		if at < 0 {
			s.t.Fatalf("there is no volume %s", mount.Name)
		}
		files := map[string][]byte{}
		if of := pod.Volumes[at].ConfigMap; of != nil {
			var m corev1.ConfigMap
			s.list("/api/v1/namespaces/"+home+"/configmaps/"+of.Name, &m)
			for name, text := range m.Data {
				files[name] = []byte(text)
			}
		} else {
			var secret corev1.Secret
			s.list("/api/v1/namespaces/"+home+"/secrets/"+pod.Volumes[at].Secret.SecretName, &secret)
			files = secret.Data
		}
		folders[mount.MountPath] = s.t.TempDir()
		for name, data := range files {
			if err := os.WriteFile(filepath.Join(folders[mount.MountPath], name), data, 0o440); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	return folders
}
