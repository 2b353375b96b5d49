"""Settings of the server, read by gunicorn from the folder in which it starts."""

bind = "0.0.0.0:8080"
workers = 1
threads = 4
graceful_timeout = 8
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
