package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// build is one image of the base world: every release of the shop's programs, good and bad, and how it behaves.
type build struct {
	tag       string
	platforms []string
	index     bool
	app       App
	ago       time.Duration // before the world's start
}

var (
	anywhere = []string{"linux/amd64", "linux/arm64"}
	onlyARM  = []string{"linux/arm64"}
)

func ordersApp() App {
	return App{
		Programs: []string{"/app/orders", "/bin/sh"}, Needs: []string{"DB_PASSWORD"}, Boot: 2 * time.Second, Memory: 140,
		Says: []string{`level=info msg="connected to the database"`, `level=info msg="orders listens on :8080"`},
	}
}

func orders(change func(*App)) App {
	a := ordersApp()
	change(&a)
	return a
}

const day = 24 * time.Hour

var orderBuilds = []build{
	{"1.4.0", anywhere, true, ordersApp(), 30 * day},
	{"1.4.1", anywhere, true, ordersApp(), 9 * day},
	{"1.5.0", anywhere, true, orders(func(a *App) { a.Needs = append(a.Needs, "DATABASE_URL") }), 3 * day},
	{"1.5.1", anywhere, true, orders(func(a *App) { a.Memory, a.Peak, a.PeakEnv, a.Growth = 260, 900, "CACHE_MIB", 4*time.Minute }), 2 * day},
	{"1.5.2", anywhere, true, orders(func(a *App) {
		a.Runs, a.Exit = 8*time.Second, 1
		a.LastSays = []string{`level=error msg="migration 0042 failed: column \"discount\" of relation \"orders\" already exists"`, `level=fatal msg="cannot start without a migrated database"`}
	}), 36 * time.Hour},
	{"1.5.3", anywhere, true, orders(func(a *App) { a.Memory, a.Peak, a.Growth = 300, 900, time.Minute }), 30 * time.Hour},
	{"1.5.4", anywhere, true, orders(func(a *App) { // its new library for pictures was built for another C library
		a.Says, a.Runs, a.Exit = []string{`level=info msg="connected to the database"`, `level=info msg="loading libvips 8.16"`}, 3*time.Second, 139
	}), 28 * time.Hour},
	{"1.5.5", anywhere, true, orders(func(a *App) { // its start script puts the server into the background and returns
		a.Says, a.Runs, a.LastSays = []string{`level=info msg="connected to the database"`}, 4*time.Second, []string{`level=info msg="orders daemon started, pid 17"`}
	}), 26 * time.Hour},
	{"1.6.0", onlyARM, true, ordersApp(), 20 * time.Hour},
	{"1.6.1", onlyARM, false, ordersApp(), 16 * time.Hour},
}

var catalogBuilds = []build{
	{"2.3.0", anywhere, true, catalogApp(), 50 * day},
	{"2.3.1", anywhere, true, catalogApp(), 12 * day},
}

func catalogApp() App {
	return App{Programs: []string{"/app/catalog", "/bin/sh"}, Needs: []string{"SEARCH_URL"}, Boot: time.Second, Memory: 120, Says: []string{"catalog listens on :8081"}}
}

// buildRegistry fills ECR and what the lab has of the public registries.
func (w *World) buildRegistry() {
	for _, r := range []struct {
		name   string
		builds []build
	}{{"shop/orders", orderBuilds}, {"shop/catalog", catalogBuilds}} {
		born := w.now.Add(-60 * day)
		repo := &repository{Repository: ecrtypes.Repository{
			RepositoryName: aws.String(r.name), RegistryId: aws.String(w.Account), CreatedAt: aws.Time(born), RepositoryUri: aws.String(w.registryHost() + "/" + r.name),
			RepositoryArn:      aws.String(fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", w.Partition, w.Region, w.Account, r.name)),
			ImageTagMutability: ecrtypes.ImageTagMutabilityMutable, ImageScanningConfiguration: &ecrtypes.ImageScanningConfiguration{},
			EncryptionConfiguration: &ecrtypes.EncryptionConfiguration{EncryptionType: ecrtypes.EncryptionTypeAes256},
		}}
		for _, b := range r.builds {
			w.names["built:"+r.name+":"+b.tag] = digestOf(r.name + ":" + b.tag)
			repo.images = append(repo.images, &image{
				Digest: digestOf(r.name + ":" + b.tag), Tags: []string{b.tag}, Pushed: w.now.Add(-b.ago), Size: 84_000_000, Platforms: b.platforms, Index: b.index, App: b.app,
			})
		}
		w.repositories[r.name] = repo
	}
	w.buildPublicImages()
}

// buildPublicImages makes what the public registries hold.
func (w *World) buildPublicImages() {
	for _, name := range []string{"docker.io/library/nginx", "docker.io/library/redis", "public.ecr.aws/nginx/nginx"} {
		w.public[name] = &publicImage{Reference: name, image: image{
			Digest: digestOf(name), Tags: []string{"latest", "1.27", "7.4"}, Pushed: w.now.Add(-20 * day), Size: 70_000_000, Platforms: anywhere, Index: true,
			App: App{Programs: []string{"/docker-entrypoint.sh", "/bin/sh"}, Memory: 30},
		}}
	}
	router := "public.ecr.aws/aws-observability/aws-for-fluent-bit"
	w.public[router] = &publicImage{Reference: router, image: image{
		Digest: digestOf(router), Tags: []string{"latest", "stable", "2.34.0"}, Pushed: w.now.Add(-20 * day), Size: 120_000_000, Platforms: anywhere, Index: true,
		App: App{Programs: []string{"/entrypoint.sh", "/bin/sh"}, Boot: 500 * time.Millisecond, Memory: 40, Routes: true, Says: []string{"[ info] [fluent bit] version=1.9.10, commit=, pid=1", "[ info] [sp] stream processor started"}},
	}}
	collector := "public.ecr.aws/aws-observability/aws-otel-collector"
	w.public[collector] = &publicImage{Reference: collector, image: image{
		Digest: digestOf(collector), Tags: []string{"latest", "v0.43.3"}, Pushed: w.now.Add(-20 * day), Size: 110_000_000, Platforms: anywhere, Index: true,
		App: App{Programs: []string{"/awscollector"}, Boot: time.Second, Memory: 60, Port: 4317, Collects: true, Says: []string{"info service@v0.117.0/service.go Everything is ready. Begin running and processing data."}},
	}}
}

func digestOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:])
}
