//go:build cluster

package e2e_test

import (
	"errors"
	"net/url"
	"os"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"octopod/generator/database"
	octopod "octopod/generator/kubernetes"
	"octopod/generator/testenv"
)

// The Job of a database writes its Secret to a real API server, with no more rights than
// docs/databases.md lists, and can read no other Secret.
func TestE2ESecretOfADatabase(t *testing.T) {
	t.Parallel()
	const namespace = "e2e-database-secret"
	config, err := clientcmd.BuildConfigFromFlags("", world.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	admin, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	account := accountOfTheJob(t, admin, config, namespace)
	address, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := octopod.InPod(address.Hostname(), address.Port(), account, "database")
	if err != nil {
		t.Fatal(err)
	}
	login := database.Login{Host: "pg.databases.svc", Port: 5432, Database: "shop_login", User: "shop_login", Password: "p@ss/w:rd", SSLMode: "disable"}
	if password, err := secret.Password(t.Context()); password != "" || err != nil {
		t.Fatalf("password %q, %v", password, err)
	}
	for _, host := range []string{login.Host, login.Host, "pg2.databases.svc"} {
		login.Host = host
		if err := secret.Keep(t.Context(), login); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := admin.CoreV1().Secrets(namespace).Get(t.Context(), "database", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range login.Variables() {
		if string(stored.Data[key]) != value {
			t.Errorf("%s is %q, want %q", key, stored.Data[key], value)
		}
	}
	if password, err := secret.Password(t.Context()); password != login.Password || err != nil {
		t.Errorf("password %q, %v", password, err)
	}
	other, err := octopod.InPod(address.Hostname(), address.Port(), account, "database-admin")
	if err != nil {
		t.Fatal(err)
	}
	var fault *database.Fault
	if _, err := other.Password(t.Context()); !errors.As(err, &fault) || fault.Code != database.Denied {
		t.Errorf("the Secret of the provisioner: %v", err)
	}
}

// accountOfTheJob makes the ServiceAccount of a database Job with its rights, and returns a
// folder as a pod of it has.
func accountOfTheJob(t *testing.T, admin kubernetes.Interface, config *rest.Config, namespace string) (folder string) {
	t.Helper()
	ctx, none := t.Context(), metav1.CreateOptions{}
	meta := metav1.ObjectMeta{Name: "database", Namespace: namespace}
	s := &shop{t: t, meter: &meter{}}
	t.Cleanup(func() { s.delete("/api/v1/namespaces/" + namespace) })
	_, err := admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, none)
	_, err2 := admin.CoreV1().ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, none)
	_, err3 := admin.RbacV1().Roles(namespace).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"create"}},
		{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get", "patch"}, ResourceNames: []string{"database"}},
	}}, none)
	_, err4 := admin.RbacV1().RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{ObjectMeta: meta,
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: "database", Namespace: namespace}},
		RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "database"}}, none)
	token, err5 := admin.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, "database", &authenticationv1.TokenRequest{}, none)
	if err := errors.Join(err, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	authority := config.CAData
	if len(authority) == 0 {
		if authority, err = os.ReadFile(config.CAFile); err != nil {
			t.Fatal(err)
		}
	}
	folder = t.TempDir()
	for name, text := range map[string]string{"namespace": namespace, "token": token.Status.Token, "ca.crt": string(authority)} {
		testenv.WriteFile(t, folder, name, text)
	}
	return folder
}
