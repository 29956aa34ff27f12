package logline

import (
	"embed"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed signatures/*.yaml
var files embed.FS

// order is the order in which the files are asked: where two signatures fit a line, the first one wins.
var order = []string{"memory", "start", "web", "aws", "config", "database", "messaging", "tls", "network", "files", "runtime"}

// signature is one crash cause as the files in signatures/ write it.
type signature struct {
	ID          string   `yaml:"id"`          // app.db-refused
	General     bool     `yaml:"general"`     // any other signature that fits says more
	Consequence bool     `yaml:"consequence"` // what such a line tells follows from something else
	Needs       []string `yaml:"needs"`       // small letters: a line holds one of these, else it cannot match
	Match       []string `yaml:"match"`       // regular expressions; named groups fill Says
	Says        string   `yaml:"says"`        // one sentence; {name|words} is the group, or the words where it is empty
	Means       string   `yaml:"means"`
	Mistaken    string   `yaml:"mistaken"`
	Fix         string   `yaml:"fix"`
	Cases       []string `yaml:"cases"` // lines that this signature must decide
	Not         []string `yaml:"not"`   // lines that look alike and must not match

	match []*regexp.Regexp
}

// signatures are all known causes in the order in which they are asked. The data is part of the program and its test
// loads it, so a fault in it panics.
var signatures = sync.OnceValue(func() []*signature {
	var all []*signature
	for _, name := range order {
		path := "signatures/" + name + ".yaml"
		data, err := files.ReadFile(path)
		if err != nil {
			panic("logline: " + err.Error())
		}
		some, err := load(data)
		if err != nil {
			panic(fmt.Sprintf("logline: %s: %v", path, err))
		}
		all = append(all, some...)
	}
	return all
})

// load reads one file of signatures. A field that is not known is an error.
func load(data []byte) ([]*signature, error) {
	var all []*signature
	if err := yaml.UnmarshalWithOptions(data, &all, yaml.Strict()); err != nil {
		return nil, err
	}
	for _, s := range all {
		for _, text := range s.Match {
			re, err := regexp.Compile(text)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.ID, err)
			}
			s.match = append(s.match, re)
		}
	}
	return all, nil
}

// find returns the match of a signature in a line: the values of its named groups. low is the line in small letters.
func (s *signature) find(line, low string) (map[string]string, bool) {
	if !containsAny(low, s.Needs) {
		return nil, false
	}
	for _, re := range s.match {
		m := re.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		groups := map[string]string{}
		for i, name := range re.SubexpNames() {
			if name != "" && m[i] != "" {
				groups[name] = m[i]
			}
		}
		return groups, true
	}
	return nil, false
}

func containsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// maxName bounds what a line puts into a sentence; lines are foreign text.
const maxName = 120

// fill writes a template: {name} is the group of that name, {name|other} is other where the group is empty; other may
// hold braces of its own.
func fill(template string, groups map[string]string) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(template, '{')
		if open < 0 {
			b.WriteString(template)
			return strings.Join(strings.Fields(b.String()), " ")
		}
		end := closing(template[open:])
		if end < 0 {
			b.WriteString(template)
			return b.String()
		}
		name, other, _ := strings.Cut(template[open+1:open+end], "|")
		b.WriteString(template[:open])
		if value := groups[name]; value != "" {
			b.WriteString(shorten(value))
		} else {
			b.WriteString(fill(other, groups))
		}
		template = template[open+end+1:]
	}
}

// closing is the index of the brace that closes the one at s[0], or -1.
func closing(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func shorten(s string) string {
	if r := []rune(s); len(r) > maxName {
		return string(r[:maxName]) + "..."
	}
	return s
}
