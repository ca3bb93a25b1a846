package adopt_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"octopod/generator/project/adopt"
	"octopod/generator/staging"
)

func TestWithoutSecrets(t *testing.T) {
	tests := map[string]struct {
		in, want string // txtar
		left     []adopt.Secret
	}{
		"nothing to leave out stays byte for byte": {
			in:   "-- a.yaml --\n# keep   me\nkind: Secret\nmetadata: {name: empty}\ntype:   Opaque\n---\nkind: Service\n",
			want: "-- a.yaml --\n# keep   me\nkind: Secret\nmetadata: {name: empty}\ntype:   Opaque\n---\nkind: Service\n",
		},
		"a document among others": {
			in:   "-- a.yaml --\nkind: Service\n---\nkind: Secret\nmetadata: {name: db}\nstringData: {password: hunter2}\n--- # next\nkind:   Ingress\n",
			want: "-- a.yaml --\nkind: Service\n--- # next\nkind:   Ingress\n",
			left: []adopt.Secret{{"a.yaml", "db"}},
		},
		"a file and its name": {
			in: "-- kustomization.yaml --\n# the base\nresources: [web.yaml, db.yaml]\n" +
				"-- db.yaml --\napiVersion: v1\nkind: Secret\nmetadata: {name: db}\ndata: {password: aHVudGVyMg==}\n-- web.yaml --\nkind: Service\n",
			want: "-- kustomization.yaml --\n# the base\nresources: [web.yaml]\n-- web.yaml --\nkind: Service\n",
			left: []adopt.Secret{{"db.yaml", "db"}},
		},
		"a directory of nothing else": {
			in: "-- kustomization.yaml --\nresources: [web.yaml, secrets]\n-- web.yaml --\nkind: Service\n" +
				"-- secrets/kustomization.yaml --\nnamespace: x\nsecretGenerator:\n- name: db\n  envs: [db.env]\n",
			want: "-- kustomization.yaml --\nresources: [web.yaml]\n-- web.yaml --\nkind: Service\n",
			left: []adopt.Secret{{"secrets/kustomization.yaml", "db"}},
		},
		"a list": {
			in:   "-- a.yaml --\nkind: List\nitems:\n- {kind: Service}\n- kind: Secret\n  metadata: {name: db}\n  data: {a: Yg==}\n",
			want: "-- a.yaml --\n---\nkind: List\nitems:\n    - {kind: Service}\n",
			left: []adopt.Secret{{"a.yaml", "db"}},
		},
		"a list of Secrets": {
			in:   "-- a.yaml --\nkind: SecretList\nitems:\n- metadata: {name: db}\n  data: {a: Yg==}\n-- b.yaml --\nkind: Service\n",
			want: "-- b.yaml --\nkind: Service\n",
			left: []adopt.Secret{{"a.yaml", "db"}},
		},
		"patches, in files, inline and by target, also those without a value": {
			in: "-- kustomization.yaml --\nresources: [../base]\npatches:\n" +
				"  - path: db.yaml\n" +
				"  - patch: \"kind: Secret\\nmetadata: {name: db}\\n$patch: delete\\n\"\n" +
				"  - target: {kind: Secret, name: api}\n    patch: '[{op: add, path: /data/a, value: Yg==}]'\n" +
				"  - target: {kind: Deployment}\n    patch: '[{op: add, path: /a, value: b}]'\n" +
				"-- db.yaml --\nkind: Secret\nmetadata: {name: db}\nstringData: {a: b}\n",
			want: "-- kustomization.yaml --\nresources: [../base]\npatches:\n  - target: {kind: Deployment}\n    patch: '[{op: add, path: /a, value: b}]'\n",
			left: []adopt.Secret{{"kustomization.yaml", "api"}, {"db.yaml", "db"}},
		},
		"a generator plugin": {
			in:   "-- kustomization.yaml --\nresources: [a.yaml]\ngenerators: [gen.yaml]\n-- gen.yaml --\napiVersion: builtin\nkind: SecretGenerator\nmetadata: {name: db}\nliterals: [a=b]\n",
			want: "-- kustomization.yaml --\nresources: [a.yaml]\n",
			left: []adopt.Secret{{"gen.yaml", "db"}},
		},
		"sealed ones stay": {
			in:   "-- a.yaml --\nkind: SealedSecret\nmetadata: {name: db}\nspec: {encryptedData: {a: b}}\n",
			want: "-- a.yaml --\nkind: SealedSecret\nmetadata: {name: db}\nspec: {encryptedData: {a: b}}\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			kept, left, err := adopt.WithoutSecrets(files(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(files(tt.want), kept); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.left, left); diff != "" {
				t.Errorf("left out (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReachableFiles(t *testing.T) {
	all := files("-- base/kustomization.yaml --\nresources: [web.yaml, ../shared]\nconfigMapGenerator:\n- name: c\n  files: [app.ini=conf/app.ini]\n" +
		"transformers:\n- |-\n  apiVersion: builtin\n  kind: PatchTransformer\n  path: p.yaml\n" +
		"-- base/web.yaml --\na: b\n-- base/conf/app.ini --\nx\n-- base/p.yaml --\na: b\n" +
		"-- base/README.md --\nweb\n-- base/secrets.env --\nA=b\n-- prod/kustomization.yaml --\nresources: [../base]\n" +
		"-- shared/kustomization.yml --\nresources: [a.yaml]\n-- shared/a.yaml --\na: b\n")
	var got []string
	for _, file := range adopt.ReachableFiles(all, "base") {
		got = append(got, file.Path)
	}
	want := []string{"base/kustomization.yaml", "base/web.yaml", "base/conf/app.ini", "base/p.yaml", "shared/kustomization.yml", "shared/a.yaml"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func files(text string) []staging.File {
	var all []staging.File
	for _, f := range txtar.Parse([]byte(text)).Files {
		all = append(all, staging.File{Path: f.Name, Data: f.Data})
	}
	return all
}
