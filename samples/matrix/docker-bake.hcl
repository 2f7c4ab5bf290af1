# Four images of one Containerfile: two tools in two versions.
variable "BASE" {
  default = "docker.io/library/busybox:1.36"
}

target "default" {
  name = "${tool}-${replace(version, ".", "-")}"
  matrix = {
    tool    = ["client", "server"]
    version = ["1.0", "2.0"]
  }
  args = {
    BASE    = BASE
    TOOL    = tool
    VERSION = version
  }
  tags = ["${tool}:${version}"]
}
