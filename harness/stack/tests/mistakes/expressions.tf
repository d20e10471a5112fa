locals {
  list   = ["a", "b"]
  map    = tomap({ key = "value" })
  object = { name = "n" }
  nothing = null
}

output "index" {
  value = local.list[5]
}

output "attribute" {
  value = local.object.nmae
}

output "of_a_list" {
  value = local.list.name
}

output "element" {
  value = local.map["kye"]
}

output "of_null" {
  value = local.nothing.name
}

output "in_text" {
  value = "a ${local.list} and ${null}"
}

output "number" {
  value = "a" + 1 / 0
}

output "types" {
  value = true ? "a" : ["b"]
}

output "keys" {
  value = { for x in ["a", "a"] : x => x }
}

output "function" {
  value = uper("a")
}

output "unsupported_function" {
  value = yamlencode({ a = 1 })
}

output "arguments" {
  value = [upper(), join(",", "a"), regex("(", "a"), jsondecode("{")]
}

output "file" {
  value = file("missing.txt")
}

output "try" {
  value = try(local.list[9], local.object.x)
}
