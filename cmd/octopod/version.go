package main

import (
	"cmp"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// versionInfo describes this build of the program.
type versionInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Built    string `json:"built,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// version is set by the linker.
var version string

func newVersion(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Long:    "Print the version of this program and the commit of its source.",
		Example: "  octopod version\n  octopod version -o json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := readVersion()
			switch c.settings.output {
			case "json", "yaml":
				return c.encode(v)
			case "name":
				c.stdout.printf("%s\n", v.Version)
				return nil
			}
			c.stdout.printf("octopod %s (%s, %s, %s)\n", v.Version, cmp.Or(shortRevision(v.Revision), "unknown commit"), v.Go, v.Platform)
			return nil
		},
	}
}

func readVersion() versionInfo {
	v := versionInfo{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = cmp.Or(version, build.Main.Version, v.Version)
	for _, s := range build.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.time":
			v.Built = s.Value
		}
	}
	return v
}
