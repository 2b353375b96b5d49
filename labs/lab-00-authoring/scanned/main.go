package main

func main() { println("Hello from a program that was scanned.") }
