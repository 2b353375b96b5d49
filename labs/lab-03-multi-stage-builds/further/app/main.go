package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func greeting(name string) string {
	return "Good evening, " + name
}

func main() {
	fmt.Println(greeting("reader"))
	if len(os.Args) > 1 && os.Args[1] == "wait" {
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		<-stop
	}
}
