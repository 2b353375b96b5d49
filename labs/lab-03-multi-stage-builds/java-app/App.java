package com.example;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** A web server that greets, tells whether it is well, and has one slow page. */
@SpringBootApplication
@RestController
public class App {

    public static void main(String[] arguments) {
        SpringApplication.run(App.class, arguments);
    }

    @GetMapping("/")
    String greet() {
        return "Hello from a small Java image!\n";
    }

    @GetMapping("/health")
    String health() {
        return "ok\n";
    }

    @GetMapping("/slow")
    String slow() throws InterruptedException {
        Thread.sleep(2000);
        return "Slow, but finished.\n";
    }
}
