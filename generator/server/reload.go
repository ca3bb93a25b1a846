package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"reflect"
	"slices"
	"time"

	"octopod/generator/auth"
)

// lookEvery is how often the server looks at the files of its configuration. It compares
// their content: so it does not matter whether a file is written in place, replaced, or
// reached by symbolic links that Kubernetes swaps.
const lookEvery = time.Second

// watchSettings reads the configuration again when its files change, or on SIGHUP, until
// ctx ends. A file that changed counts once it is the same for two looks, because it may be
// half written.
func (r *Server) watchSettings(ctx context.Context) {
	if r.options.Read == nil {
		return
	}
	files := r.config.files(r.options.ConfigFile)
	inForce := r.started // a change during the start counts, too
	last := inForce
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		asked := false
		select {
		case <-r.options.Hangup:
			asked = true
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		seen := checksum(files)
		if asked || seen != inForce && seen == last {
			before := files
			if files = r.reload(ctx); !slices.Equal(files, before) {
				seen = "" // of files that were not watched: look at them once more
			}
			inForce = seen
		}
		last = seen
	}
}

// reload reads the configuration again, and uses it if it is valid as a whole. It returns
// the files of the configuration, in force or not.
func (r *Server) reload(ctx context.Context) []string {
	began := r.now()
	files := r.config.files(r.options.ConfigFile)
	config, err := r.options.Read()
	var restart []string
	if err == nil {
		files = config.files(r.options.ConfigFile)
		config, restart = config.needsRestart(r.config)
		var next *settings
		if next, err = r.prepare(context.WithoutCancel(ctx), config); err == nil {
			r.use(next)
		}
	}
	state := &readResult{since: began, restart: restart}
	if err != nil {
		state.since, state.err = r.state.Load().since, err
		r.metrics.configReads.WithLabelValues("rejected").Inc()
		r.log.ErrorContext(ctx, "the changed configuration cannot be used: the former one stays in force", "error", err)
	} else {
		r.metrics.configReads.WithLabelValues("used").Inc()
		r.log.InfoContext(ctx, "the configuration was read again", "projects", len(config.Projects))
	}
	for _, field := range restart {
		r.log.WarnContext(ctx, "a changed setting needs a restart", "field", field)
	}
	r.state.Store(state)
	return files
}

// files lists the files of a configuration: itself, and the secrets that it names. The
// tokens of git and Argo CD and the keys of SSH are read for each request.
func (c Config) files(own string) []string {
	return append([]string{own}, secretFiles(reflect.ValueOf(c))...)
}

// secretFiles lists the files of all secrets in a value.
func secretFiles(v reflect.Value) (files []string) {
	if secret, ok := v.Interface().(auth.Secret); ok {
		if secret.File != "" {
			files = append(files, secret.File)
		}
		return files
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			files = secretFiles(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			files = append(files, secretFiles(v.Index(i))...)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				files = append(files, secretFiles(v.Field(i))...)
			}
		}
	}
	return files
}

// checksum returns a checksum of the content of files.
func checksum(files []string) string {
	sum := sha256.New()
	for _, file := range files {
		data, err := os.ReadFile(file)
		fmt.Fprintf(sum, "%s %d %v\n", file, len(data), err)
		_, _ = sum.Write(data)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
