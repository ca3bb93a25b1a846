package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"octopod/generator"
	"octopod/generator/argocd"
	"octopod/generator/envrepo"
	"octopod/generator/forge"
	"octopod/generator/gitstore"
	"octopod/generator/giturl"
	"octopod/generator/httpapi"
	"octopod/generator/project"
	"octopod/generator/registry"
	"octopod/generator/render"
	"octopod/generator/staging"
)

// committer is Octopod itself, as git records it beside the author.
func committer() gitstore.Identity {
	return gitstore.Identity{Name: "Octopod", Email: "octopod@octopod.dev"}
}

// connect gives what answers for the stagings that the settings mean: a server,
// or the env repo itself.
func (c *cli) connect(ctx context.Context) (backend, error) {
	if c.settings.server != "" {
		return c.connectServer()
	}
	c.noteOtherClone()
	return c.connectTo(ctx, c.envRepo())
}

// connectInProcess is connect for a run that builds the manifests of one staging, and ends.
func (c *cli) connectInProcess(ctx context.Context) (backend, error) {
	c.renderInProcess = true
	return c.connect(ctx)
}

// connectServer gives the stagings of a server's project.
func (c *cli) connectServer() (backend, error) {
	token := c.env["OCTOPOD_TOKEN"]
	if token != "" && strings.HasPrefix(c.settings.server, "http://") && !c.settings.allowPlainHTTP {
		return nil, staging.Errorf(staging.CodeInvalid, "http:// would send the token in the clear").
			WithHint("use https://, or say --allow-plain-http if you trust every machine on the way")
	}
	return httpapi.NewClient(httpapi.ClientOptions{
		URL: c.settings.server, Project: c.settings.project, Token: token, Agent: "octopod/" + readVersion().Version,
	})
}

// noteOtherClone says that the environment, or the config file, names another
// env repo than the clone in which the person stands.
func (c *cli) noteOtherClone() {
	here, named := gitRoot(), c.settings.envRepo
	if named == "" || c.settings.envRepoFromFlag || c.settings.machineReadable() || !exists(filepath.Join(here, project.File)) {
		return
	}
	config, _ := os.ReadFile(filepath.Join(here, ".git", "config"))
	path, _ := filepath.Abs(named)
	if path == here || strings.Contains(string(config), "url = "+named+"\n") {
		return // that very clone, or where it came from
	}
	source := "the config file"
	if c.env[envVariable("env-repo")] != "" {
		source = envVariable("env-repo")
	}
	c.note("env repo: %s, as %s says, and not the clone you are in", giturl.Redact(named), source)
}

// connectTo gives what works on an env repo; run closes it.
func (c *cli) connectTo(ctx context.Context, url string) (*generator.Stagings, error) {
	store, err := c.openStore(ctx, url)
	if err != nil {
		return nil, err
	}
	renderer, err := c.newRenderer()
	if err != nil {
		return nil, err
	}
	connect, err := c.argoCDConnector()
	if err != nil {
		return nil, err
	}
	forges, err := c.newForges(url)
	if err != nil {
		return nil, err
	}
	images := registry.New(registry.Options{UserCredentials: true, PlainHTTP: c.settings.allowPlainHTTP})
	return generator.New(generator.Parts{
		Repo: envrepo.New(store), Renderer: renderer, ArgoCD: argocd.Manifests, Connect: connect, Images: images, Heads: forges, Sinks: c.sinks(), Now: c.now,
	}), nil
}

// sinks names the notification sinks of a run that serves.
func (c *cli) sinks() []string {
	if c.server == nil {
		return nil
	}
	return c.server.sinks
}

// newForges returns the forges of the application's repositories.
func (c *cli) newForges(envRepo string) (forge.Forges, error) {
	auth, err := c.gitAuth()
	if err != nil {
		return forge.Forges{}, err
	}
	options := gitstore.Options{
		Auth: auth, AllowPlainHTTP: c.settings.allowPlainHTTP, Timeout: c.settings.gitTimeout, Logger: c.logger(),
	}
	var tokens map[string]gitstore.Auth
	if c.server != nil {
		tokens = c.server.forgeTokens
	}
	return forge.New(envRepo, options, tokens, c.rateLimiter), nil
}

// openStore opens the env repo; run closes it.
func (c *cli) openStore(ctx context.Context, url string) (*gitstore.Store, error) {
	if url == "" {
		return nil, staging.Errorf(staging.CodeInvalid, "no env repo is given").
			WithHint("say where it is with --env-repo or OCTOPOD_ENV_REPO, or run octopod inside a clone of it")
	}
	auth, err := c.gitAuth()
	if err != nil {
		return nil, err
	}
	signer, err := c.signer()
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(url, "http://") && !c.settings.allowPlainHTTP {
		return nil, staging.Errorf(staging.CodeInvalid, "http:// would send credentials and content in the clear").
			WithHint("use https://, or say --allow-plain-http if you trust every machine on the way")
	}
	branch, err := c.branch(url)
	if err != nil {
		return nil, err
	}
	options := gitstore.Options{
		URL: url, Branch: branch, Committer: committer(), Auth: auth, Signer: signer,
		AllowPlainHTTP: c.settings.allowPlainHTTP, Timeout: c.settings.gitTimeout, Now: c.now, Logger: c.logger(),
	}
	if c.server != nil { // a server keeps what it read
		options.History = true
		options.OnPush = func(p gitstore.Push) { c.server.observer.Pushed(giturl.Redact(url), p) }
	}
	store, err := gitstore.Open(ctx, options)
	if err != nil {
		return nil, err
	}
	c.closers = append(c.closers, store.Close)
	return store, nil
}

// gitAuth gathers credentials. The environment wins over the config file.
func (c *cli) gitAuth() (gitstore.Auth, error) {
	auth := gitstore.Auth{
		Username:         cmp.Or(c.env["OCTOPOD_GIT_USERNAME"], c.settings.gitUsername),
		Token:            c.env["OCTOPOD_GIT_TOKEN"],
		SSHKeyFile:       cmp.Or(c.settings.sshKey, c.defaultSSHKey()),
		SSHKeyPassphrase: c.env["OCTOPOD_SSH_KEY_PASSPHRASE"],
		KnownHostsFiles:  c.settings.knownHosts,
	}
	file := cmp.Or(c.env["OCTOPOD_GIT_TOKEN_FILE"], c.settings.gitTokenFile)
	if auth.Token != "" || file == "" {
		return auth, nil
	}
	token, err := readSecret(file, "git token")
	auth.Token = strings.TrimSpace(string(token))
	return auth, err
}

// defaultSSHKey is the key that ssh takes when there is no agent; "" with an agent.
func (c *cli) defaultSSHKey() string {
	if c.env["SSH_AUTH_SOCK"] != "" || c.env["HOME"] == "" {
		return ""
	}
	for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
		if file := filepath.Join(c.env["HOME"], ".ssh", name); exists(file) {
			return file
		}
	}
	return ""
}

// signer reads the key that signs commits, in whichever of the two forms.
func (c *cli) signer() (gitstore.Signer, error) {
	if c.settings.signKey == "" {
		return nil, nil
	}
	key, err := readSecret(c.settings.signKey, "signing key")
	if err != nil {
		return nil, err
	}
	passphrase := c.env["OCTOPOD_SIGN_KEY_PASSPHRASE"]
	if bytes.Contains(key, []byte("BEGIN PGP")) {
		return gitstore.OpenPGPSigner(key, passphrase)
	}
	return gitstore.SSHSigner(key, passphrase)
}

// readSecret reads a secret that a setting names.
func readSecret(file, what string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err == nil {
		return data, nil
	}
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	return nil, staging.Errorf(staging.CodeUnauthorized, "the %s file %s cannot be read", what, file).Because(err)
}

// newRenderer makes the renderer; run closes it. Templates are evaluated in
// processes of their own, so that one that takes all memory or never ends
// takes nothing with it. A run that builds once and ends builds a kustomization
// itself: another start of the program costs more than a build.
func (c *cli) newRenderer() (*render.Renderer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program's own file: %w", err)
	}
	renderer := render.New(render.Options{SandboxKustomize: !c.renderInProcess, Sandbox: func(ctx context.Context) *exec.Cmd {
		worker := exec.CommandContext(ctx, self, renderWorker)
		worker.Env = []string{} // no token in reach of a template
		return worker
	}})
	c.closers = append(c.closers, renderer.Close)
	return renderer, nil
}

// renderWorker is the hidden verb of those processes.
const renderWorker = "render-worker"

func newRenderWorker(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: renderWorker, Hidden: true, Args: cobra.NoArgs,
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil }, // it has no settings
		RunE:              func(*cobra.Command, []string) error { return render.ServeWorker(c.stdin, c.stdout) },
	}
}
