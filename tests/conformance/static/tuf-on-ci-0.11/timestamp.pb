
Oa repository id! €•ÜÊ*1
snapshot" Nâ
>X­F™®Û2Ÿƒ™ûü\=OR`[-+”£Ûe[c-application/vnd.lanyard.timestamp.v1+protobufd
 ÉØ×ÂÛ9rõ€ÿĞ_1õ¢¼…+£æi›¿«ƒ@[„ßÑ×wÿ–›fİ0Ã …R^šMœŞ¶D™¸ÀwÔš…ÖBØÊ)Å+EÖ›œÅC’Gï¹