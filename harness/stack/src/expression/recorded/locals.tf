locals {
  h1 = <<EOT
  a
    b ${1 + 1}
EOT
  h2 = <<-EOT
    a
      b
    c
  EOT
  h3 = <<-EOT
    %{ for x in ["p", "q"] ~}
    x=${x}
    %{ endfor ~}
    end
  EOT
  h4 = <<EOT
  one ${~ "x" ~}
  two
%{ if true ~}
   yes
%{~ else }
   no
%{ endif }
EOT
  h5 = <<-EOT
    $${a} \n "q"

      deep
    tail
    EOT
  h6 = <<EOT
x   
   ${~ "y" }
EOT
}
locals {
  t  = "a $${~ x ~}\n  b\n%%{ if true ~}\n  yes\n%%{ endif ~}\nend"
  t2 = "%%{ for y in x }\n- $${y}\n%%{ endfor }"
}
