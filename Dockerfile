# martlet with all it needs to run and nothing it is built with. Build:  docker build -t martlet .
# All members of a cluster must run the same image: they compare builds and arithmetic on joining.

FROM swift:6.3-bookworm AS build
RUN apt-get update \
  && apt-get install -y --no-install-recommends \
    libjpeg-dev libopenblas-pthread-dev libpng-dev libprotobuf-c-dev libsodium-dev \
    libsqlite3-dev libxxhash-dev libzmq3-dev zlib1g-dev \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /martlet
# The packages change seldom, the sources often: a layer of their own.
COPY Package.* ./
RUN swift package resolve
COPY Sources Sources
# Not compiled here, but the manifest names them and must find them.
COPY Tests Tests
# Swift's own libraries go into the program: the runtime image then needs no toolchain.
RUN swift build -c release --static-swift-stdlib --product martlet \
  && install -s "$(swift build -c release --static-swift-stdlib --show-bin-path)/martlet" \
    /usr/local/bin/martlet

FROM debian:bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends \
    libjpeg62-turbo libopenblas0-pthread libpng16-16 libprotobuf-c1 libsodium23 libsqlite3-0 \
    libxxhash0 libzmq5 zlib1g \
  && rm -rf /var/lib/apt/lists/* \
  # A volume takes the owner of the folder it is first mounted on.
  && useradd --uid 10001 --user-group --no-create-home --home-dir /store martlet \
  && install -d -o martlet -g martlet -m 700 /store /join
COPY --from=build /usr/local/bin/martlet /usr/local/bin/martlet
COPY LICENSE /usr/share/doc/martlet/LICENSE
USER martlet
WORKDIR /store
ENV MARTLET_JOIN=/join/join.json
ENTRYPOINT ["martlet"]
CMD ["--help"]
