
†a repository id! €çûÊ*0
targets" wÍ!ğufÀ.´‚¬rMN„¨™Ao=ÎqKŠ@Õ­ƒJ$*6
delegatedrole¥" ×àšÓªÉùùœ§èkR	rYÂ°ÌªœêöN;ùM,application/vnd.lanyard.snapshot.v1+protobufd
 x8Mt§•zm§uÍê!
jìüRıˆ×tBZA¬f@%Mµe“Â»0ëàÊi4Ú`ü”Q•}½lğìÍ#Ó³ÈxİêIÒXe Y^ÜKËM5FáXœƒ!ß	
