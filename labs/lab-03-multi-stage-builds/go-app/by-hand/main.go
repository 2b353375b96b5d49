// The same server on package net alone: HTTP by hand, one request a connection.
package main

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

const longestRequest = 16 * 1024

func response(request string) string {
	status, body := "200 OK", ""
	switch {
	case !strings.HasPrefix(request, "GET "):
		status, body = "405 Method Not Allowed", "Only GET is answered.\n"
	case strings.HasPrefix(request, "GET / "):
		body = "Hello from a small image!\n"
	case strings.HasPrefix(request, "GET /health "):
		body = "ok\n"
	default:
		status, body = "404 Not Found", "There is no such page.\n"
	}
	return "HTTP/1.1 " + status + "\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n" + body
}

func answer(connection net.Conn) {
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	lines := bufio.NewReader(io.LimitReader(connection, longestRequest))
	request, err := lines.ReadString('\n')
	for line := request; err == nil && line != "\r\n"; {
		line, err = lines.ReadString('\n')
	}
	if err == nil {
		io.WriteString(connection, response(request))
	}
}

func healthy() bool {
	connection, err := net.DialTimeout("tcp", "127.0.0.1:8080", 2*time.Second)
	if err != nil {
		return false
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(2 * time.Second))
	io.WriteString(connection, "GET /health HTTP/1.0\r\n\r\n")
	status := make([]byte, 12)
	_, err = io.ReadFull(connection, status)
	return err == nil && strings.HasSuffix(string(status), " 200")
}

func main() {
	if len(os.Args) > 1 {
		if !healthy() {
			os.Exit(1)
		}
		return
	}
	listener, err := net.Listen("tcp", ":8080")
	if err != nil {
		println(err.Error())
		os.Exit(1)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-signals
		listener.Close()
	}()
	var underWay sync.WaitGroup
	for {
		connection, err := listener.Accept()
		if err != nil {
			break
		}
		underWay.Go(func() { answer(connection) })
	}
	underWay.Wait()
}
