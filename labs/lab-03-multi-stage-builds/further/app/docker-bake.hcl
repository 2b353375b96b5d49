variable "TAG" {
  default = "local"
}

group "default" {
  targets = ["prod", "debug"]
}

target "common" {
  context = "."
}

target "prod" {
  inherits = ["common"]
  target   = "prod"
  tags     = ["further-baked:${TAG}"]
}

target "debug" {
  inherits = ["common"]
  target   = "debug"
  tags     = ["further-baked:${TAG}-debug"]
}
