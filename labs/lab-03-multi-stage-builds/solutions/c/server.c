/*
 * A web server that greets, tells whether it is well, and stops at once when it is told to.
 *
 * "server" serves port 8080. "server check" asks that server whether it is well: exit code 0 says yes.
 *
 * Each connection gets a process of its own. A slow or hostile client keeps nobody else waiting.
 */
#define _GNU_SOURCE /* memmem */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 8080, QUEUE = 4096, LONGEST_REQUEST = 16 * 1024, PATIENCE_SECONDS = 30 };

#define RESPONSE(status, body) "HTTP/1.1 " status "\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n" body

static struct sockaddr_in address = {.sin_family = AF_INET}; /* 0.0.0.0: every address, and when asked, this host. */

/* Process 1 has no default for signals: without this handler, SIGTERM would do nothing. */
static void stop(int number)
{
    (void)number;
    _exit(0);
}

/* Reads a request up to the empty line that ends it. Returns whether it came whole. */
static int receive(int connection, char *request)
{
    size_t length = 0;

    while (length < LONGEST_REQUEST) {
        ssize_t count = read(connection, request + length, LONGEST_REQUEST - length);

        if (count <= 0)
            return 0;
        length += (size_t)count;
        if (memmem(request, length, "\r\n\r\n", 4))
            return 1;
    }
    return 0;
}

static const char *response_to(const char *request)
{
    if (strncmp(request, "GET ", 4) != 0)
        return RESPONSE("405 Method Not Allowed", "Only GET is answered.\n");
    if (strncmp(request + 4, "/ ", 2) == 0)
        return RESPONSE("200 OK", "Hello from a tiny image!\n");
    if (strncmp(request + 4, "/health ", 8) == 0)
        return RESPONSE("200 OK", "ok\n");
    return RESPONSE("404 Not Found", "There is no such page.\n");
}

static void answer(int connection)
{
    static char request[LONGEST_REQUEST + 1]; /* One more, so that it ends with a zero. */

    alarm(PATIENCE_SECONDS);
    if (receive(connection, request)) {
        const char *response = response_to(request);

        write(connection, response, strlen(response));
    }
    _exit(0);
}

static int serve(int listener)
{
    const int yes = 1;

    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    signal(SIGCHLD, SIG_IGN); /* Linux then buries the children by itself. */
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) || listen(listener, QUEUE))
        return 1;
    for (;;) {
        int connection = accept(listener, 0, 0);

        if (connection < 0)
            continue;
        if (fork() == 0)
            answer(connection);
        close(connection);
    }
}

static int check(int server)
{
    static const char question[] = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    char status[12];

    if (connect(server, (const struct sockaddr *)&address, sizeof address))
        return 1;
    write(server, question, sizeof question - 1);
    return read(server, status, sizeof status) != sizeof status || memcmp(status + 8, " 200", 4) != 0;
}

int main(int count, char **arguments)
{
    int server = socket(AF_INET, SOCK_STREAM, 0);

    (void)arguments;
    address.sin_port = htons(PORT);
    return count > 1 ? check(server) : serve(server);
}
