package report
import ("testing";"os")
func TestScratch(t *testing.T){
 for _,m:=range []string{"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed caused by: Post \"https://api.ecr.eu-west-1.amazonaws.com/\": dial tcp 52.1.2.3:443: i/o timeout","CannotFrobError: whatever timed out","RESOURCE:MEMORY","hello", "(service orders) has reached a steady state."}{
 ExplanationText(os.Stdout, Explain("",m,nil), TextOptions{})
 os.Stdout.WriteString("=========\n")
 }
 ExplanationJSON(os.Stdout, Explain("","RESOURCE:MEMORY",nil), "  ")
}
