# A login sets these; a shell that "docker exec" starts has had none.
if [ -z "${USER-}" ]; then
    USER=$(id -un)
    LOGNAME=$USER
    export USER LOGNAME
fi
