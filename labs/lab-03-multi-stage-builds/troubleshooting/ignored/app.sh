ls /app
