// Lays the reports of golang.org/x/vulndb out as a database that govulncheck reads from files:
// layout REPORTS TIME DATABASE, where TIME is the time stamp in the module's version, such as 20261105234957.
package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"time"
)

type report struct {
	ID       string    `json:"id"`
	Modified time.Time `json:"modified"`
	Aliases  []string  `json:"aliases"`
	Affected []struct {
		Package struct {
			Name string `json:"name"`
		} `json:"package"`
	} `json:"affected"`
}

type vulnerability struct {
	ID       string    `json:"id"`
	Modified time.Time `json:"modified"`
	Aliases  []string  `json:"aliases,omitempty"`
}

type module struct {
	Path            string          `json:"path"`
	Vulnerabilities []vulnerability `json:"vulns"`
}

func main() {
	modified, err := time.Parse("20060102150405", os.Args[2])
	check(err)
	files, err := filepath.Glob(filepath.Join(os.Args[1], "*.json"))
	check(err)
	if len(files) == 0 {
		log.Fatalf("no reports in %s", os.Args[1])
	}
	modules := map[string]*module{}
	var all []vulnerability
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(err)
		var one report
		check(json.Unmarshal(text, &one))
		write(filepath.Join("ID", one.ID+".json"), json.RawMessage(text))
		all = append(all, vulnerability{one.ID, one.Modified, one.Aliases})
		for _, affected := range one.Affected {
			name := affected.Package.Name
			if modules[name] == nil {
				modules[name] = &module{Path: name}
			}
			modules[name].Vulnerabilities = append(modules[name].Vulnerabilities, vulnerability{ID: one.ID, Modified: one.Modified})
		}
	}
	list := make([]*module, 0, len(modules))
	for _, one := range modules {
		list = append(list, one)
	}
	write("index/db.json", map[string]time.Time{"modified": modified})
	write("index/modules.json", list)
	write("index/vulns.json", all)
}

func write(name string, content any) {
	path := filepath.Join(os.Args[3], name)
	check(os.MkdirAll(filepath.Dir(path), 0o755))
	text, err := json.Marshal(content)
	check(err)
	check(os.WriteFile(path, text, 0o644))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
