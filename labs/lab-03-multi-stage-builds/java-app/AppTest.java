package com.example;

import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.get;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.content;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.status;

import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.webmvc.test.autoconfigure.WebMvcTest;
import org.springframework.test.web.servlet.MockMvc;

@WebMvcTest(App.class)
class AppTest {

    @Autowired
    private MockMvc browser;

    @Test
    void answers() throws Exception {
        browser.perform(get("/")).andExpect(status().isOk())
                .andExpect(content().string("Hello from a small Java image!\n"));
        browser.perform(get("/health")).andExpect(status().isOk());
        browser.perform(get("/nowhere")).andExpect(status().isNotFound());
    }
}
