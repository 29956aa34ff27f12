package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/google/jsonschema-go/jsonschema"
)

// The published contracts, made from the Go types by TestSchemas; docs/ holds the same files for readers.
var (
	//go:embed report.schema.json
	reportSchema []byte
	//go:embed explanation.schema.json
	explanationSchema []byte
	//go:embed preflight.schema.json
	preflightSchema []byte
)

func resolve(data []byte) (*jsonschema.Resolved, error) {
	var s jsonschema.Schema
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("the embedded schema: %w", err)
	}
	return s.Resolve(nil)
}

// Validate holds a JSON report against its published schema; nil means that it keeps the contract.
func Validate(data []byte) error { return validate(reportSchema, data) }

// ValidateExplanation is Validate for an Explanation.
func ValidateExplanation(data []byte) error { return validate(explanationSchema, data) }

// ValidatePreflight is Validate for a Preflight.
func ValidatePreflight(data []byte) error { return validate(preflightSchema, data) }

func validate(schema, data []byte) error {
	s, err := resolve(schema)
	if err != nil {
		return err
	}
	var v any
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&v); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	return s.Validate(v)
}
