// A web server that holds its site inside itself, tells whether it is well, and stops gracefully.
package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"os/signal"
	"path"
	"strings"
	"syscall"
	"time"
)

//go:embed all:site
var embedded embed.FS

const address = ":8080"

// site answers from a folder of files; what is not there gets its 404.html.
type site struct{ files fs.FS }

func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Only GET and HEAD are answered.", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if name == "" || strings.HasSuffix(r.URL.Path, "/") {
		name = path.Join(name, "index.html")
	}
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	if _, err := fs.ReadFile(s.files, name); err != nil {
		missing, _ := fs.ReadFile(s.files, "404.html")
		header.Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		w.Write(missing)
		return
	}
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		header.Set("Content-Type", kind)
	}
	header.Set("Cache-Control", "no-cache")
	header.Set("Vary", "Accept-Encoding")
	stored := name
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		if _, err := fs.Stat(s.files, name+".gz"); err == nil {
			header.Set("Content-Encoding", "gzip")
			stored = name + ".gz"
		}
	}
	content, _ := fs.ReadFile(s.files, stored)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

func serve(ctx context.Context) error {
	files, err := fs.Sub(embedded, "site")
	if err != nil {
		return err
	}
	server := &http.Server{Addr: address, Handler: site{files}, ReadHeaderTimeout: 5 * time.Second}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.Background(), 8*time.Second)
		defer cancel()
		stopped <- server.Shutdown(last)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

func healthy() bool {
	client := http.Client{Timeout: time.Second}
	answer, err := client.Get("http://127.0.0.1" + address + "/")
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "-healthcheck" {
		if !healthy() {
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := serve(ctx); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}
