
Oa repository id! €•ÜÊ*1
snapshot¢" å?Ëó~V¦+9éQ÷µ„´ÙP¿a¾ìÌÈä„ê-application/vnd.lanyard.timestamp.v1+protobufd
 ÉØ×ÂÛ9rõ€ÿĞ_1õ¢¼…+£æi›¿«ƒ@æÕ0ÓáÉy2ï,ÁêªÍóÃeøóP -é¯Ü*däI²÷ÅrMŞ¥¿£‹‹*ŸîùT;ô^…a¬VGcÂX{éËW