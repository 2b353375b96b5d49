// Prints what BuildKit's own build checks say of Dockerfiles, one warning a line; the exit code is 1 if they say anything.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// bare answers for every base image with an empty configuration: the checks ask a registry for it, and need none.
type bare struct{}

func (bare) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	config, err := json.Marshal(ocispecs.Image{Platform: ocispecs.Platform{OS: "linux", Architecture: "amd64"}})
	return ref, digest.FromBytes(config), config, err
}

// check prints the warnings of one Dockerfile and returns how many there are.
func check(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	source := llb.NewSourceMap(nil, path, "Dockerfile", text)
	source.Definition = &llb.Definition{}
	found, err := dockerfile2llb.DockerfileLint(context.Background(), text, dockerfile2llb.ConvertOpt{
		MetaResolver: bare{},
		SourceMap:    source,
	})
	if err != nil {
		return 0, err
	}
	if found.Error != nil {
		return 0, errors.New(found.Error.Message)
	}
	for _, warning := range found.Warnings {
		line := int32(1)
		if ranges := warning.Location.GetRanges(); len(ranges) > 0 {
			line = ranges[0].GetStart().GetLine()
		}
		fmt.Printf("%s:%d: %s: %s\n", path, line, warning.RuleName, warning.Detail)
	}
	return len(found.Warnings), nil
}

func main() {
	bad := false
	for _, path := range os.Args[1:] {
		warnings, err := check(path)
		if err != nil {
			fmt.Printf("%s:1: %s\n", path, err)
		}
		bad = bad || warnings > 0 || err != nil
	}
	if bad {
		os.Exit(1)
	}
}
