// Package playbooks holds the content: one root cause a file, ID.yaml, with its cases in ID.txtar. Files are found by
// embed; there is nothing to register. docs/playbooks.md says how to write one.
package playbooks

import "embed"

// FS holds every playbook and its cases, and ids.txt, the closed list of ids.
//
//go:embed *.yaml *.txtar ids.txt
var FS embed.FS
