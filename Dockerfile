# An image with only the static program: no shell, non-root user.
#   docker build --build-arg VERSION=v1.0.0 -t octopod .
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /octopod ./cmd/octopod

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /octopod /octopod
EXPOSE 8080
ENTRYPOINT ["/octopod"]
CMD ["serve", "--server-config", "/etc/octopod/server.yaml"]
