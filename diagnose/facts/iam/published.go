package iam

import (
	_ "embed"
	"encoding/json"
	"strings"
)

// published holds managed policies of AWS whose text is in AWS's documentation, by name: it stands in where a role has
// one attached and the caller may not read it. Source: AWS managed policy reference guide.
//
//go:embed published.json
var published []byte

// PublishedCall is the Call of cites that rest on a published policy instead of a read one.
const PublishedCall = "AWS managed policy as published"

// publishedPolicy returns the text of one of AWS's own managed policies, where it is known here.
func publishedPolicy(arn string) (string, bool) {
	if AccountOf(arn) != "aws" {
		return "", false
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(published, &all); err != nil {
		panic("iam: published.json: " + err.Error()) // part of the program; a test reads it
	}
	doc, ok := all[arn[strings.LastIndexByte(arn, '/')+1:]]
	return string(doc), ok
}
