package main

import "testing"

func TestDidYouMean(t *testing.T) {
	names := []string{"dns.resolver-egress", "net.egress-prefix-list", "net.no-egress-route", "image.tls", "image.tag-missing", "the-long-way-round", "no-way-out"}
	for typed, want := range map[string]string{
		"no-egress-route": "; did you mean net.no-egress-route, net.egress-prefix-list, dns.resolver-egress?",
		"image.tag":       "; did you mean image.tag-missing, image.tls?",
		"no-way-ou":       "; did you mean no-way-out, the-long-way-round?",
		"imagetls":        "; did you mean image.tls?",
		"the":             "; did you mean the-long-way-round?",
		"tiger":           "",
		"":                "",
	} {
		if got := didYouMean(typed, names); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}
