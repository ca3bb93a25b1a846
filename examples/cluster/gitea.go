package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// giteaFiles is the folder with Gitea's data files, next to the programs. The
// styles of Gitea's web pages are missing, because npm builds them and the Go
// module does not contain them. The API, webhooks and git do not need them.
const giteaFiles = "gitea-files"

// GiteaAdmin is the user of GiteaToken, an administrator.
const GiteaAdmin = "forge"

// writeGiteaConfig writes Gitea's configuration: all data in its folder, listen
// on loopback, send webhooks to loopback, no other network calls.
func (c *Cluster) writeGiteaConfig() error {
	return os.WriteFile(c.path("gitea", "app.ini"), fmt.Appendf(nil, `
APP_NAME = Forge
WORK_PATH = %[1]s
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true

[server]
HTTP_ADDR = %[2]s
ROOT_URL = %[3]s/
STATIC_ROOT_PATH = %[4]s
DISABLE_SSH = true
OFFLINE_MODE = true

[database]
DB_TYPE = sqlite3

[security]
INSTALL_LOCK = true

[service]
DISABLE_REGISTRATION = true

[webhook]
ALLOWED_HOST_LIST = loopback

[indexer]
ISSUE_INDEXER_TYPE = db

[cron.update_checker]
ENABLED = false
`, c.path("gitea"), loopback, c.GiteaURL(), filepath.Join(c.Bin, giteaFiles)), 0o600)
}

// openForge starts Gitea, if Options.Forge is set, and creates its
// administrator.
func (c *Cluster) openForge(ctx context.Context) error {
	if !c.Forge {
		return nil
	}
	if err := c.StartPart(ctx, Gitea); err != nil {
		return err
	}
	program, err := c.program(Gitea)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "admin", "user", "create", "--config", c.path("gitea", "app.ini"),
		"--username", GiteaAdmin, "--email", GiteaAdmin+"@example.com", "--admin", "--random-password", "--must-change-password=false",
		"--access-token", "--access-token-scopes", "all")
	cmd.Env, cmd.Dir = c.environment(), c.path("tmp")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("making Gitea's administrator: %w\n%s", err, out)
	}
	words := strings.Fields(string(out)) // the token is the last one
	if len(words) == 0 || len(words[len(words)-1]) != 40 {
		return fmt.Errorf("no token came from Gitea: %s", out)
	}
	c.GiteaToken = words[len(words)-1]
	return nil
}

// GiteaURL returns the address of Gitea.
func (c *Cluster) GiteaURL() string { return "http://" + c.address(portGitea) }

// GiteaAPI sends a request to Gitea's API as its administrator; path omits
// /api/v1. It sends body as JSON and decodes the response into answer, unless
// answer is nil.
func (c *Cluster) GiteaAPI(ctx context.Context, method, path string, body, answer any) error {
	if !c.Forge {
		return errors.New("this cluster has no forge: `cluster up --forge` starts one")
	}
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, c.GiteaURL()+"/api/v1"+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "token "+c.GiteaToken)
	data, err = send(c.client, request)
	if err != nil || answer == nil {
		return err
	}
	return json.Unmarshal(data, answer)
}
