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

// committer returns the git committer of every commit: Octopod.
func committer() gitstore.Identity {
	return gitstore.Identity{Name: "Octopod", Email: "octopod@octopod.dev"}
}

// connect returns the backend that the settings select: a server, or the env repo.
func (c *cli) connect(ctx context.Context) (backend, error) {
	if c.settings.server != "" {
		return c.connectServer()
	}
	c.noteOtherClone()
	return c.connectTo(ctx, c.envRepo())
}

// connectInProcess is connect for a run that renders one staging and exits.
func (c *cli) connectInProcess(ctx context.Context) (backend, error) {
	c.renderInProcess = true
	return c.connect(ctx)
}

// connectServer returns a client for a project on a server.
func (c *cli) connectServer() (backend, error) {
	token := c.env["OCTOPOD_TOKEN"]
	if token != "" && strings.HasPrefix(c.settings.server, "http://") && !c.settings.allowPlainHTTP {
		return nil, staging.Errorf(staging.CodeInvalid, "http:// would send the token unencrypted").
			WithHint("use https://, or --allow-plain-http if you trust the network")
	}
	return httpapi.NewClient(httpapi.ClientOptions{
		URL: c.settings.server, Project: c.settings.project, Token: token, Agent: "octopod/" + readVersion().Version,
	})
}

// noteOtherClone prints a note if the environment or the config file selects
// another env repo than the clone in the current directory.
func (c *cli) noteOtherClone() {
	here, named := gitRoot(), c.settings.envRepo
	if named == "" || c.settings.envRepoFromFlag || c.settings.machineReadable() || !exists(filepath.Join(here, project.File)) {
		return
	}
	if isCloneOf(here, named) {
		return
	}
	source := "the config file"
	if c.env[envVariable("env-repo")] != "" {
		source = envVariable("env-repo")
	}
	c.note("env repo: %s, from %s, not the clone you are in", giturl.Redact(named), source)
}

// connectTo opens an env repo with all adapters. cli.close closes them.
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
		Repo: envrepo.New(store), Renderer: renderer, ArgoCD: argocd.Manifests, Connect: connect, Images: images, Heads: forges, Logs: forges, Sinks: c.sinks(), Now: c.now,
	}), nil
}

// sinks returns the names of the server's notification sinks.
func (c *cli) sinks() func() []string {
	if c.server == nil {
		return nil
	}
	return c.server.Sinks
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
	var tokens func() map[string]gitstore.Auth
	if c.server != nil {
		tokens = c.server.ForgeTokens
	}
	return forge.New(envRepo, options, tokens, c.rateLimiter), nil
}

// openStore opens the git repository of the env repo. cli.close closes it.
func (c *cli) openStore(ctx context.Context, url string) (*gitstore.Store, error) {
	options, err := c.storeOptions(ctx, url)
	if err != nil {
		return nil, err
	}
	store, err := gitstore.Open(ctx, options)
	if err != nil {
		return nil, err
	}
	c.closers = append(c.closers, store.Close)
	return store, nil
}

// openRef opens another reference of an env repo. The caller closes it.
func (c *cli) openRef(ctx context.Context, url, ref string) (*gitstore.Store, error) {
	options, err := c.storeOptions(ctx, url)
	if err != nil {
		return nil, err
	}
	options.Ref, options.History, options.OnPush = ref, false, nil
	return gitstore.Open(ctx, options)
}

// storeOptions returns the options of a store for an env repo.
func (c *cli) storeOptions(ctx context.Context, url string) (gitstore.Options, error) {
	if url == "" {
		return gitstore.Options{}, staging.Errorf(staging.CodeInvalid, "no env repo is given").
			WithHint("set --env-repo or OCTOPOD_ENV_REPO, or run octopod inside a clone of the env repo")
	}
	auth, err := c.gitAuth()
	if err != nil {
		return gitstore.Options{}, err
	}
	signer, err := c.signer()
	if err != nil {
		return gitstore.Options{}, err
	}
	branch, err := c.branch(url)
	if err != nil {
		return gitstore.Options{}, err
	}
	options := gitstore.Options{
		URL: url, Branch: branch, Committer: committer(), Auth: auth, Signer: signer,
		AllowPlainHTTP: c.settings.allowPlainHTTP, Timeout: c.settings.gitTimeout, Now: c.now, Logger: c.logger(),
	}
	c.setPatience(&options)
	if c.server != nil { // a server caches the history
		options.History = true
		options.OnPush = func(p gitstore.Push) { c.server.Observer.Pushed(giturl.Redact(url), p) }
	}
	return options, nil
}

// gitAuth returns the credentials for git. The environment overrides the config file.
func (c *cli) gitAuth() (gitstore.Auth, error) {
	auth := gitstore.Auth{
		Username:         cmp.Or(c.env["OCTOPOD_GIT_USERNAME"], c.settings.gitUsername),
		Token:            c.env["OCTOPOD_GIT_TOKEN"],
		SSHKeyFile:       cmp.Or(c.settings.sshKey, c.defaultSSHKey()),
		SSHKeyPassphrase: c.env["OCTOPOD_SSH_KEY_PASSPHRASE"],
		KnownHostsFiles:  c.settings.knownHosts,
	}
	if c.server != nil && c.server.Git.HasLogin() {
		return auth.WithLogin(c.server.Git), nil
	}
	file := cmp.Or(c.env["OCTOPOD_GIT_TOKEN_FILE"], c.settings.gitTokenFile)
	if auth.Token != "" || file == "" {
		return auth, nil
	}
	token, err := readSecret(file, "git token")
	auth.Token, auth.TokenFile = strings.TrimSpace(string(token)), file
	return auth, err
}

// defaultSSHKey returns the key file that ssh uses without an agent, "" with one.
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

// signer reads the key that signs commits: an OpenPGP or an SSH key.
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

// readSecret reads the file of a token or a key.
func readSecret(file, what string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err == nil {
		return data, nil
	}
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	return nil, staging.Errorf(staging.CodeUnauthorized, "cannot read the %s file %s", what, file).Because(err)
}

// newRenderer returns the renderer; cli.close closes it. Worker processes
// evaluate templates, so that a template without end or with unlimited memory
// cannot stop the program. A run with renderInProcess builds kustomizations in
// its own process, because starting a worker takes longer than one build.
func (c *cli) newRenderer() (*render.Renderer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program's own file: %w", err)
	}
	renderer := render.New(render.Options{SandboxKustomize: !c.renderInProcess, Sandbox: func(ctx context.Context) *exec.Cmd {
		worker := exec.CommandContext(ctx, self, renderWorker)
		worker.Env = []string{} // keeps tokens away from templates
		return worker
	}})
	c.closers = append(c.closers, renderer.Close)
	return renderer, nil
}

// renderWorker is the hidden verb of worker processes.
const renderWorker = "render-worker"

func newRenderWorker(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: renderWorker, Hidden: true, Args: cobra.NoArgs,
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil }, // a worker has no settings
		RunE:              func(*cobra.Command, []string) error { return render.ServeWorker(c.stdin, c.stdout) },
	}
}
