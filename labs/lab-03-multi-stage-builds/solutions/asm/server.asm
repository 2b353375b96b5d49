; A whole web server for x86-64 Linux: "nasm -f bin" makes the program itself, no linker and no library.
; "server" serves port 8080. "server check" asks that server whether it is well.

bits 64
org 0x10000

; The ELF header, then the program header. They share eight bytes, and what Linux ignores in them holds our data.
elf:        db 0x7f, "ELF", 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
            dw 2, 62                    ; an executable for x86-64
            dd 1
            dq start
            dq program - elf
on_stop:    dq stop                     ; (section headers: ignored) struct sigaction: the handler,
            dd 0x04000000               ; (flags: ignored)           its flags: SA_RESTORER
            dw 64, 56
program:    dd 1                        ; one program header; load it
            dd 7                        ; readable, writable, executable
            dq 0, elf
address:    db 2, 0, 0x1f, 0x90, 0, 0, 0, 0 ; (physical address: ignored) any address, port 8080
            dq end - elf, end - elf + 65536
on_child:   dq 1                        ; (alignment: ignored) struct sigaction: SIG_IGN, no zombies

start:      mov al, 41                  ; Linux starts a program with all registers zero
            mov dil, 2
            inc esi
            syscall                     ; socket(AF_INET, SOCK_STREAM, 0)
            xchg eax, edi
            mov esi, address
            mov dl, 16
            pop rcx
            dec ecx
            jnz check                   ; was there an argument?

            mov al, 49
            syscall                     ; bind(socket, address, 16)
            mov al, 50
            syscall                     ; listen(socket, as many as Linux allows)
            mov ebp, edi

            push 8
            pop r10
            cdq
            mov sil, on_stop - elf
            mov dil, 15
            mov al, 13
            syscall                     ; rt_sigaction(SIGTERM, on_stop, 0, 8)
            mov dil, 2
            mov al, 13
            syscall                     ; rt_sigaction(SIGINT, on_stop, 0, 8)
            mov sil, on_child - elf
            mov dil, 17
            mov al, 13
            syscall                     ; rt_sigaction(SIGCHLD, on_child, 0, 8)

serve:      mov edi, ebp
            xor esi, esi
            push 43
            pop rax
            syscall                     ; accept(socket, 0, 0)
            xchg eax, ebx
            push 57
            pop rax
            syscall                     ; fork(): a process for each connection, slow ones wait alone
            mov edi, ebx
            test eax, eax
            jz answer
            push 3
            pop rax
            syscall                     ; close(connection), in the parent
            jmp serve

answer:     push 60
            pop rdi
            mov al, 37
            syscall                     ; alarm(60): nobody waits forever
            mov edi, ebx
            mov esi, request
            inc edx
.read:      xor eax, eax
            syscall                     ; read(connection, next byte, 1)
            dec eax
            jnz stop                    ; the client is gone
            inc esi
            cmp dword [rsi - 4], 0x0a0d0a0d
            jne .read                   ; an empty line ends the request

            mov esi, reply
            mov dl, request - reply
            mov rax, [rsi - 5]
            cmp rax, [rsi + request + 1 - reply]
            je .send                    ; "ET / HTT": the page that there is
            mov dl, body - reply
            add dword [rsi + 9], 0x00040002 ; 200 becomes 404
.send:      push 1
            pop rax
            syscall                     ; write(connection, reply, its length)

stop:       xor edi, edi
exit:       push 60
            pop rax
            syscall                     ; exit(0)

check:      mov al, 42
            syscall                     ; connect(socket, address, 16)
            mov esi, question
            mov dl, body - question
            mov al, 1
            syscall                     ; write(socket, question, its length)
            xor eax, eax
            syscall                     ; read(socket, question, its length)
            xor edi, edi
            cmp byte [rsi + 9], "2"     ; "HTTP/1.0 200"
            setne dil
            jmp exit                    ; exit(0 if well, else 1)

question:   db "GET / "                 ; the question and the reply share their middle
reply:      db "HTTP/1.0 200 ", 13, 10, 13, 10
body:       db "Hello!", 10
end:
request:
