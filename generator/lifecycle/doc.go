// Package lifecycle carries out what octopod.yaml says is due: sleep, wake,
// archive, delete. It reports what each sweep did, and namespaces that no record
// knows.
package lifecycle
