package image

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
	"pgregory.net/rapid"
)

const (
	byTag    = ecr + "/team/app:1"
	byDigest = ecr + "/team/app:1@" + digest
	id       = "123456789012/eu-west-1/team/app"
)

// word is a check in one word.
func word(c Check) string {
	switch {
	case c.Basis.Unknown:
		return "?"
	case c.Holds:
		return "yes"
	}
	return "no"
}

// words are all checks in the order of the struct.
func words(i Image) string {
	return strings.Join([]string{word(i.RepositoryMissing), word(i.TagMissing), word(i.DigestGone), word(i.WrongPlatform), word(i.Archived)}, " ")
}

type answer struct {
	key   evidence.Key
	value any // nil = it does not exist
}

func storeOf(answers ...answer) *evidence.Store {
	s := evidence.NewStore()
	for _, a := range answers {
		s.Put(evidence.Item{Key: a.key, Found: a.value != nil, Value: a.value, Call: "ecr:Describe", At: time.Unix(1e9, 0)})
	}
	return s
}

func repository(v any) answer             { return answer{evidence.RepositoryKey(id).Key, v} }
func tagged(v any) answer                 { return answer{evidence.ImageKey(id, ":1").Key, v} }
func digested(v any) answer               { return answer{evidence.ImageKey(id, "@"+digest).Key, v} }
func manifest(m evidence.Manifest) answer { return answer{evidence.ManifestKey(id, ":1").Key, m} }

func TestLook(t *testing.T) {
	repo := evidence.Repository{Name: "team/app"}
	active, archived, untold := evidence.Image{Status: "ACTIVE"}, evidence.Image{Status: "ARCHIVED"}, evidence.Image{}
	index := evidence.Manifest{Index: true, Platforms: []string{"linux/arm64/v8", "unknown/unknown"}}
	both := evidence.Manifest{Index: true, Platforms: []string{"linux/arm64", "linux/amd64"}}
	tests := []struct {
		name, ref string
		platforms bool
		answers   []answer
		want      string // repository tag digest platform archived
	}{
		{"nothing read", byTag, true, nil, "? ? no ? ?"},
		{"healthy", byTag, true, []answer{repository(repo), tagged(active), manifest(both)}, "no no no no no"},
		{"no repository", byTag, true, []answer{repository(nil), tagged(nil)}, "yes no no no no"},
		{"no repository, image not asked yet", byTag, false, []answer{repository(nil)}, "yes no no no no"},
		{"no tag", byTag, true, []answer{repository(repo), tagged(nil)}, "no yes no no no"},
		{"no tag, repository not readable", byTag, true, []answer{tagged(nil)}, "? ? no no no"},
		{"image found, repository not readable", byTag, false, []answer{tagged(active)}, "no no no ? no"},
		{"only the repository read", byTag, false, []answer{repository(repo)}, "no ? no ? ?"},
		{"digest there", byDigest, false, []answer{repository(repo), digested(active)}, "no no no ? no"},
		{"digest gone though the tag is there", byDigest, false, []answer{repository(repo), digested(nil), tagged(active)}, "no no yes no no"},
		{"wrong platform", byTag, true, []answer{repository(repo), tagged(active), manifest(index)}, "no no no yes no"},
		{"platform not asked for", byTag, false, []answer{repository(repo), tagged(active), manifest(index)}, "no no no ? no"},
		{"platform only in the configuration", byTag, true, []answer{repository(repo), tagged(active), manifest(evidence.Manifest{})}, "no no no ? no"},
		{"archived", byTag, false, []answer{repository(repo), tagged(archived)}, "no no no ? yes"},
		{"status not told", byTag, false, []answer{repository(repo), tagged(untold)}, "no no no ? ?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Look(evidence.NewView(storeOf(tt.answers...)), tt.ref, "", "", tt.platforms)
			if w := words(got); w != tt.want {
				t.Fatalf("repository tag digest platform archived: %s, want %s", w, tt.want)
			}
			for name, c := range map[string]Check{"repository": got.RepositoryMissing, "tag": got.TagMissing, "digest": got.DigestGone, "platform": got.WrongPlatform, "archived": got.Archived} {
				if c.Basis.Unknown && len(c.Basis.Missing) == 0 && c.Basis.Why == "" {
					t.Errorf("%s is unknown for no reason", name)
				}
				if c.Holds && !c.Basis.Unknown && (len(c.Basis.Cites) == 0 || c.Detail == "" || c.Resource == "") {
					t.Errorf("%s holds without proof: %+v", name, c)
				}
			}
		})
	}
}

func TestLookAsksTogether(t *testing.T) {
	v := evidence.NewView(evidence.NewStore())
	got := Look(v, byTag, "", "", true)
	want := []evidence.Key{evidence.ImageKey(id, ":1").Key, evidence.ManifestKey(id, ":1").Key, evidence.RepositoryKey(id).Key}
	evidence.SortKeys(want)
	if !slices.Equal(v.Missed(), want) {
		t.Errorf("asked for %v, want %v", v.Missed(), want)
	}
	if len(got.TagMissing.Basis.Missing) != 2 {
		t.Errorf("a tag is judged by image and repository, missing %v", got.TagMissing.Basis.Missing)
	}
	v = evidence.NewView(evidence.NewStore())
	Look(v, byTag, "", "", false)
	if len(v.Missed()) != 2 {
		t.Errorf("the manifest is asked for without need: %v", v.Missed())
	}
}

func TestLookOutsideECR(t *testing.T) {
	for _, ref := range []string{"nginx:1", "public.ecr.aws/nginx/nginx:1", "", "App:1"} {
		v := evidence.NewView(evidence.NewStore())
		got := Look(v, ref, "", "", true)
		if words(got) != "? ? ? ? ?" || got.TagMissing.Basis.Why == "" || len(v.Missed()) != 0 {
			t.Errorf("%q: %s, why %q, missed %v", ref, words(got), got.TagMissing.Basis.Why, v.Missed())
		}
	}
}

func TestOtherTags(t *testing.T) {
	at := func(n int64) evidence.Moment { return evidence.When(time.Unix(n, 0)) }
	images := evidence.Images{Images: []evidence.Image{
		{Digest: "a", Tags: []string{"7"}, PushedAt: at(7)}, {Digest: "b", Tags: []string{"9", "latest"}, PushedAt: at(9)},
		{Digest: "c", Tags: []string{"10"}, PushedAt: at(10), Status: "ARCHIVED"}, {Digest: "d", Tags: []string{"8"}, PushedAt: at(8)},
	}}
	gone := []answer{repository(evidence.Repository{}), tagged(nil)}
	v := evidence.NewView(storeOf(gone...))
	if got := Look(v, byTag, "", "", false).OtherTags; !got.Basis.Unknown || len(got.Basis.Missing) != 1 || len(v.Missed()) != 1 {
		t.Errorf("tags are wanted where the tag is missing: %+v", got)
	}
	got := Look(evidence.NewView(storeOf(append(gone, answer{evidence.RepositoryImagesKey(id).Key, images})...)), byTag, "", "", false).OtherTags
	if want := []string{"9", "latest", "8", "7"}; !slices.Equal(got.Tags, want) || got.Basis.Unknown {
		t.Errorf("%+v, want %v", got, want)
	}
	v = evidence.NewView(storeOf(repository(evidence.Repository{}), tagged(evidence.Image{Status: "ACTIVE"})))
	if got := Look(v, byTag, "", "", false).OtherTags; got.Basis.Unknown || len(v.Missed()) != 0 {
		t.Errorf("no call for advice that nobody needs: %+v, missed %v", got, v.Missed())
	}
}

func TestWanted(t *testing.T) {
	for in, want := range map[[2]string]string{
		{"", ""}: "linux/amd64", {"LINUX", "X86_64"}: "linux/amd64", {"LINUX", "ARM64"}: "linux/arm64", {"WINDOWS_SERVER_2022_CORE", "X86_64"}: "windows/amd64",
	} {
		if got := Look(evidence.NewView(evidence.NewStore()), byTag, in[0], in[1], false).Wanted; got != want {
			t.Errorf("%v: %s, want %s", in, got, want)
		}
	}
}

// What is not read may make a check unknown; it never turns it round. And at most one check holds.
func TestLessEvidenceNeverTurnsACheck(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []answer
		if rapid.Bool().Draw(t, "repository") {
			status := rapid.SampledFrom([]string{"", "ACTIVE", "ARCHIVED"}).Draw(t, "status")
			all = append(all, repository(evidence.Repository{}))
			if rapid.Bool().Draw(t, "image") {
				all = append(all, tagged(evidence.Image{Status: status}), digested(evidence.Image{Status: status}),
					manifest(evidence.Manifest{Platforms: rapid.SliceOf(rapid.SampledFrom([]string{"linux/amd64", "linux/arm64"})).Draw(t, "platforms")}))
			} else {
				all = append(all, tagged(nil), digested(nil))
			}
		} else {
			all = append(all, repository(nil), tagged(nil), digested(nil))
		}
		ref := rapid.SampledFrom([]string{byTag, byDigest}).Draw(t, "ref")
		full := Look(evidence.NewView(storeOf(all...)), ref, "", "", true)
		kept := slices.DeleteFunc(slices.Clone(all), func(answer) bool { return rapid.Bool().Draw(t, "drop") })
		less := Look(evidence.NewView(storeOf(kept...)), ref, "", "", true)
		f, l := strings.Fields(words(full)), strings.Fields(words(less))
		for i := range f {
			if l[i] != "?" && l[i] != f[i] {
				t.Fatalf("%v with everything, %v with less", f, l)
			}
		}
		holds := strings.Count(words(full), "yes")
		if archivedAndForeign := word(full.Archived) == "yes" && word(full.WrongPlatform) == "yes"; holds > 1 && !archivedAndForeign {
			t.Fatalf("%v", f)
		}
	})
}
