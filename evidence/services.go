package evidence

import (
	"bytes"
	"encoding/json"
	"time"
)

type LogGroup struct {
	Name          string `json:"name"`
	ARN           string `json:"arn"`
	Class         string `json:"class"`          // STANDARD, INFREQUENT_ACCESS, DELIVERY
	RetentionDays int    `json:"retention_days"` // 0 = never expires
	CreatedAt     Moment `json:"created_at"`
}

// LogTail is the end of one log stream, oldest line first. Lines are redacted where they are collected.
type LogTail struct {
	Group     string    `json:"group"`
	Stream    string    `json:"stream"`
	Lines     []LogLine `json:"lines"`
	Truncated bool      `json:"truncated"` // the stream holds earlier lines
}

type LogLine struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Repository is an ECR repository.
type Repository struct {
	Account string `json:"account"`
	Region  string `json:"region"`
	Name    string `json:"name"`
	URI     string `json:"uri"`
	KmsKey  string `json:"kms_key"`
}

type Images struct {
	Images    []Image `json:"images"`
	Truncated bool    `json:"truncated"`
}

// Image is one ECR image as ecr:DescribeImages tells it; its platforms are only in the Manifest.
type Image struct {
	Digest    string   `json:"digest"`
	Tags      []string `json:"tags"`
	PushedAt  Moment   `json:"pushed_at"`
	SizeBytes int64    `json:"size_bytes"`
	MediaType string   `json:"media_type"`
	Status    string   `json:"status"` // ACTIVE, ARCHIVED, ACTIVATING; "" = not told
}

// Manifest tells for which platforms an image can run. Platforms are OS/ARCH as in the OCI index ("linux/amd64").
// A single-platform image names its platform only in its config blob: then Index is false and Platforms is empty.
type Manifest struct {
	MediaType string   `json:"media_type"`
	Index     bool     `json:"index"`
	Platforms []string `json:"platforms"`
}

type Role struct {
	Name        string `json:"name"`
	ARN         string `json:"arn"`
	Path        string `json:"path"`
	ID          string `json:"id"`
	Trust       string `json:"trust"`        // trust policy, JSON text
	BoundaryARN string `json:"boundary_arn"` // "" = none
	CreatedAt   Moment `json:"created_at"`
	Tags        []Tag  `json:"tags"`
}

// RolePolicies are the policies of a role by name.
type RolePolicies struct {
	Attached []string `json:"attached"` // ARNs
	Inline   []string `json:"inline"`   // names
}

// PolicyDocument is any IAM policy: JSON text and, where AWS tells, since when.
type PolicyDocument struct {
	Name      string `json:"name"`
	Document  string `json:"document"`
	UpdatedAt Moment `json:"updated_at"`
}

type Secret struct {
	ARN       string          `json:"arn"`
	Name      string          `json:"name"`
	KmsKey    string          `json:"kms_key"`    // "" = the account's aws/secretsmanager key
	DeletedAt Moment          `json:"deleted_at"` // marked for deletion
	ChangedAt Moment          `json:"changed_at"`
	Versions  []SecretVersion `json:"versions"`
	Tags      []Tag           `json:"tags"`
}

type SecretVersion struct {
	ID     string   `json:"id"`
	Stages []string `json:"stages"`
}

type Parameter struct {
	Name      string `json:"name"`
	Type      string `json:"type"` // String, StringList, SecureString
	KmsKey    string `json:"kms_key"`
	ChangedAt Moment `json:"changed_at"`
}

// LoadBalancer is an application or network load balancer and the target groups its listeners use.
type LoadBalancer struct {
	ARN          string   `json:"arn"`
	Name         string   `json:"name"`
	DNSName      string   `json:"dns_name"`
	State        string   `json:"state"`
	TargetGroups []string `json:"target_groups"` // ARNs
}

func decode[T any](data []byte) (any, error) {
	var v T
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return v, nil
}
