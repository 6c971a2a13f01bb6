docker run -d --name lantern \
  -p 8420:8420 \
  -v /srv/photos:/photos -v /srv/lantern:/data \
  lanternbox/lantern:2.4
