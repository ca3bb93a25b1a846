package envrepo

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
)

// checkSecrets returns an error for every credential that an edit would add to git: in
// files, in their names, in the commit message and in the name of the author. It is the
// one door of all commits, whatever asked for them. The error holds no part of a
// credential.
func (e Edit) checkSecrets(tree *Tree, changes []gitstore.Change) error {
	if len(changes) == 0 {
		return nil // there will be no commit
	}
	var problems []staging.Problem
	for _, c := range changes {
		found, err := addedSecrets(tree, c)
		if err != nil {
			return err
		}
		problems = append(problems, found...)
	}
	for _, text := range []struct{ field, text string }{
		{"the commit message", e.text()}, {"the commit message", e.Request}, {"the commit message", e.Key}, // alone: a random key has no name
		{"the name of the author", e.By.Name}, {"the mail address of the author", e.By.Email},
	} {
		if what, yes := staging.DetectSecret(text.text); yes {
			problems = append(problems, staging.Problem{Field: text.field, Message: "contains " + what})
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return &staging.Error{
		Code: staging.CodeInvalid, Message: "secrets never go into git", Problems: problems, Technical: true,
		Hint: "revoke the secret if it is real, keep it in a Secret of the cluster, and refer to it: a parameter of type secret-reference takes SECRET/KEY",
	}
}

// addedSecrets returns a problem for each credential that a change adds.
func addedSecrets(tree *Tree, c gitstore.Change) ([]staging.Problem, error) {
	if what, yes := staging.DetectSecret(c.Path); yes && !c.Delete {
		return []staging.Problem{{Field: "the name of a file", Message: "contains " + what}}, nil
	}
	text := string(c.Data)
	found := staging.FindSecrets(text)
	if len(found) == 0 {
		return nil, nil
	}
	known, err := tree.sources(c.Path)
	if err != nil {
		return nil, err
	}
	var problems []staging.Problem
	for _, f := range found {
		if !bytes.Contains(known, c.Data[f.Start:f.End]) {
			problems = append(problems, secretProblem(c.Path, c.Data, f))
		}
	}
	return problems, nil
}

// sources returns everything at the tip that the content of a file may come from: the
// directory of its staging, octopod.yaml and the templates. A credential that these hold
// is in git already, so it does not stop other changes.
func (t *Tree) sources(name string) ([]byte, error) {
	dirs, err := t.inputs()
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(name, staging.EnvsDir+"/") {
		dirs = append(dirs, path.Dir(name))
	}
	// A finding is rare, so one more request for it may outlive the caller's.
	var all bytes.Buffer
	err = t.eachFile(context.Background(), dirs, func(_ string, data []byte) {
		all.Write(data)
		all.WriteByte('\n')
	})
	return all.Bytes(), err
}

// inputs lists what lies at the root of the env repo beside the stagings: octopod.yaml, the
// templates and other files.
func (t *Tree) inputs() (names []string, err error) {
	entries, err := t.ReadDir(".")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, entry := range entries {
		if entry.Name() != staging.EnvsDir {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// eachFile calls do with every file below some paths.
func (t *Tree) eachFile(ctx context.Context, paths []string, do func(name string, data []byte)) error {
	if err := t.Prefetch(ctx, paths...); err != nil {
		return err
	}
	for _, at := range paths {
		files, err := t.FilesUnder(at)
		if err != nil {
			return err
		}
		for _, file := range files {
			data, err := t.ReadFile(file)
			if err != nil {
				return err
			}
			do(file, data)
		}
	}
	return nil
}

// Secrets returns a problem for each credential that the env repo holds. A credential in
// several files is reported once: in octopod.yaml or a template, if it is there.
func (t *Tree) Secrets(ctx context.Context) ([]staging.Problem, error) {
	paths, err := t.inputs()
	if err != nil {
		return nil, err
	}
	if _, exists, err := t.Entry(staging.EnvsDir); err != nil {
		return nil, err
	} else if exists {
		paths = append(paths, staging.EnvsDir)
	}
	var problems []staging.Problem
	seen := map[string]bool{}
	err = t.eachFile(ctx, paths, func(name string, data []byte) {
		for _, f := range staging.FindSecrets(string(data)) {
			if secret := string(data[f.Start:f.End]); !seen[secret] {
				seen[secret] = true
				problems = append(problems, secretProblem(name, data, f))
			}
		}
	})
	return problems, err
}

// secretProblem returns the problem of a credential in a file.
func secretProblem(file string, data []byte, f staging.SecretFinding) staging.Problem {
	start := bytes.LastIndexByte(data[:f.Start], '\n') + 1
	line, _, _ := strings.Cut(string(data[start:]), "\n")
	return staging.Problem{File: file, Line: f.Line, Field: fieldOf(line), Message: "contains " + f.What}
}

// fieldKey matches the key that begins a line of YAML, JSON or an assignment.
var fieldKey = regexp.MustCompile(`^[\s-]*"?([A-Za-z0-9_.-]{1,100})"?\s*[:=]`)

// fieldOf returns the key of a line, "" if there is none or if the key is a credential.
func fieldOf(line string) string {
	key := fieldKey.FindStringSubmatch(line)
	if key == nil {
		return ""
	}
	if _, yes := staging.DetectSecret(key[0]); yes {
		return ""
	}
	return key[1]
}
