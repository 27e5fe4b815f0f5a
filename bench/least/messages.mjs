export const GO_ON = 'go-on';
