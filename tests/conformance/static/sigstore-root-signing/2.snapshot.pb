
‹a repository id! €çûÊ*0
targets²" áO®nï¥Çbr”ñœ¶ÉÀàm…Ñiáááª*;
registry.npmjs.org±" øjs £Þ›f‚,ÍÑù[`¸2xÊ·‹Y¹;-³\–IÊ,application/vnd.lanyard.snapshot.v1+protobufd
 x8Mt§•zm§uÍê!
jìüRýˆ×tBZA¬f@Bo™¶K8,~8wî›H¬¿ûéä=>ùtßh'…4³ ‡¯|—àeÙ—ÿÐj2°BˆKÂˆÁ,ËµT¾.•b