package main

import (
	"fmt"

	_ "github.com/ProtonMail/go-crypto/openpgp"
	_ "github.com/argoproj/argo-cd/v2/pkg/apiclient"
	_ "github.com/aymanbagabas/go-udiff"
	_ "github.com/go-git/go-git/v5"
	_ "github.com/google/go-jsonnet"
	_ "github.com/hiddeco/sshsig"
	_ "github.com/spf13/cobra"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/term"
	_ "gopkg.in/yaml.v3"
	_ "k8s.io/client-go/kubernetes/scheme"
	_ "sigs.k8s.io/kustomize/api/krusty"
	_ "sigs.k8s.io/yaml"
)

func main() { fmt.Println("hi") }
