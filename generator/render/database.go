package render

import (
	"strconv"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// The sync waves of a database: Argo CD waits for each of them before the next one.
const (
	waveDatabase  = "-2"
	waveMigration = "-1"
)

// The names of the objects of a database. The names of Jobs get a hash of their content.
const (
	databaseName = "database"
	dropName     = "database-drop"
	migrateName  = "migrate"
)

// fields is an object, or a part of one.
type fields = map[string]any

// databaseObjects returns the objects that keep the database of a staging. An archived
// staging has no Job: its data rest, and a sync would wait for a suspended Job forever.
func databaseObjects(params staging.Params) []any {
	d := params.Database
	if d == nil || d.Shared == nil {
		return nil
	}
	objects := databaseAccount(params)
	for _, name := range DatabaseJobs(params) {
		objects = append(objects, databaseJob(params, name))
	}
	return objects
}

// DatabaseJobs returns the names, without their hashes, of the Jobs that keep the database of
// a staging.
func DatabaseJobs(params staging.Params) []string {
	switch {
	case params.Database == nil || params.Database.Shared == nil:
		return nil
	case params.State == staging.Active:
		return []string{databaseName}
	case params.State == staging.Deleting:
		return []string{dropName}
	}
	return nil
}

// databaseAccount returns the account of the Job, which may make the Secret with the
// credentials, and read and change that one alone. Kubernetes cannot limit create to a name.
func databaseAccount(params staging.Params) []any {
	meta := func() fields {
		return ownMetadata(params, databaseName, nil)
	}
	rule := func(verbs []any, names ...any) fields {
		r := fields{"apiGroups": []any{""}, "resources": []any{"secrets"}, "verbs": verbs}
		if len(names) > 0 {
			r["resourceNames"] = names
		}
		return r
	}
	return []any{
		fields{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta(), "automountServiceAccountToken": false},
		fields{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": meta(), "rules": []any{
			rule([]any{"create"}), rule([]any{"get", "patch"}, params.Database.Secret),
		}},
		fields{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": meta(),
			"roleRef":  fields{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": databaseName},
			"subjects": []any{fields{"kind": "ServiceAccount", "name": databaseName, "namespace": params.Namespace}},
		},
	}
}

// ownMetadata returns the metadata of an object of Octopod; the annotations may be nil.
func ownMetadata(params staging.Params, name string, annotations fields) fields {
	meta := fields{"name": name, "namespace": params.Namespace}
	if len(params.Labels) > 0 {
		labels := fields{}
		for key, value := range params.Labels {
			labels[key] = value
		}
		meta["labels"] = labels
	}
	if annotations == nil {
		annotations = fields{}
		for key, value := range waveAnnotation(params) {
			annotations[key] = value
		}
	}
	if len(annotations) > 0 {
		meta["annotations"] = annotations
	}
	return meta
}

// databaseJob returns the Job that makes the server match the record. Its last words are
// on its status, from where Argo CD reports them.
func databaseJob(params staging.Params, name string) fields {
	s := params.Database.Shared
	const admin = "/etc/octopod/admin"
	container := fields{
		"name": databaseName, "image": s.Image, "args": texts(append(append([]string{}, s.Arguments...), "--admin", admin)),
		"env":                      []any{fields{"name": "PGHOST", "value": s.Host}, fields{"name": "PGPORT", "value": strconv.Itoa(s.Port)}},
		"resources":                fields{"requests": fields{"cpu": "50m", "memory": "64Mi"}, "limits": fields{"memory": "256Mi"}},
		"securityContext":          fields{"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": fields{"drop": []any{"ALL"}}},
		"terminationMessagePolicy": "FallbackToLogsOnError",
		"volumeMounts":             []any{fields{"name": "admin", "mountPath": admin, "readOnly": true}},
	}
	pod := fields{
		"restartPolicy": "Never", "serviceAccountName": databaseName, "automountServiceAccountToken": true,
		"securityContext": fields{"runAsNonRoot": true, "runAsUser": 65532, "fsGroup": 65532, "seccompProfile": fields{"type": "RuntimeDefault"}},
		"containers":      []any{container},
		"volumes":         []any{fields{"name": "admin", "secret": fields{"secretName": s.AdminSecret}}},
	}
	return job(params, name, waveDatabase, pod)
}

// deadlines of the Jobs: a copy of a large seed takes minutes, and a Job that hangs must end.
const jobDeadline = 1800 // seconds

// job returns a Job in a sync wave. It has no lifetime: Argo CD would run it again and again.
func job(params staging.Params, name, wave string, pod fields) fields {
	return fields{
		"apiVersion": "batch/v1", "kind": "Job", "metadata": ownMetadata(params, name, fields{syncWave: wave}),
		"spec": fields{
			"backoffLimit": 1, "activeDeadlineSeconds": jobDeadline,
			"template": fields{
				"metadata": fields{"labels": fields{"app": name, project.LabelDatabase: strconv.Itoa(params.Database.Generation)}},
				"spec":     pod,
			},
		},
	}
}

func texts(words []string) []any {
	all := make([]any, len(words))
	for i, word := range words {
		all[i] = word
	}
	return all
}
