package collectors

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecsplain/ecsplain/evidence"
)

func str(p *string) string { return aws.ToString(p) }

// text is foreign prose, safe to show.
func text(p *string) string { return evidence.Clean(aws.ToString(p)) }

func num[T int32 | int64](p *T) int {
	if p == nil {
		return 0
	}
	return int(*p)
}

func yes(p *bool) bool { return p != nil && *p }

func when(p *time.Time) evidence.Moment {
	if p == nil {
		return evidence.Moment{}
	}
	return evidence.When(p.UTC())
}

// millis is a time that CloudWatch Logs gives in milliseconds since 1970.
func millis(p *int64) evidence.Moment {
	if p == nil {
		return evidence.Moment{}
	}
	return evidence.When(time.UnixMilli(*p).UTC())
}

// mapped converts a list; an empty list stays empty.
func mapped[A, B any](in []A, f func(A) B) []B {
	out := make([]B, 0, len(in))
	for _, v := range in {
		out = append(out, f(v))
	}
	return out
}

// tag makes a Tag of the key and value that every service wraps in a type of its own.
func tag(key, value *string) evidence.Tag {
	return evidence.Tag{Key: text(key), Value: text(value)}
}

// newestFirst sorts by the time that at gives; unknown times go last.
func newestFirst[T any](list []T, at func(T) evidence.Moment) {
	slices.SortStableFunc(list, func(a, b T) int {
		x, y := at(a), at(b)
		switch {
		case x.Known && y.Known:
			return y.At.Compare(x.At)
		case x.Known:
			return -1
		case y.Known:
			return 1
		}
		return 0
	})
}
